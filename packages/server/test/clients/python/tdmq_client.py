"""Runs every CMQ action of tencentcloud-sdk-python-tdmq. Each call prints "ok NAME" or "FAIL NAME: REASON"."""
import json
import os
import re
import time

from tencentcloud.common import credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.tdmq.v20200217 import models, tdmq_client

from calls import call, check, refused

secretId = os.environ["SECRET_ID"]
secretKey = os.environ["SECRET_KEY"]
awkward = '中文 a=1&b=2+3%20 "q" @ _x_ \t\r\n 😀'
uuid = re.compile(r"^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$")


def refusal(code):
    return refused(TencentCloudSDKException,
                   lambda error: error.get_code() == code and uuid.match(error.get_request_id()))


def client_of(id=secretId, key=secretKey, method="POST", sign="TC3-HMAC-SHA256", unsigned=False):
    http = HttpProfile(protocol="http", endpoint="ringback.example:8000", reqMethod=method)
    profile = ClientProfile(httpProfile=http, signMethod=sign)
    profile.unsignedPayload = unsigned
    return tdmq_client.TdmqClient(credential.Credential(id, key), "ap-guangzhou", profile)


def action(client, name, **parameters):
    request = getattr(models, f"{name}Request")()
    request.from_json_string(json.dumps(parameters))
    response = getattr(client, name)(request)
    check(bool(uuid.match(response.RequestId)), True)
    return response


def run(client, prefix):
    def does(title, name, judge=lambda got: True, **parameters):
        return call(title, lambda: action(client, name, **parameters), judge)

    q, t = f"{prefix}-q", f"{prefix}-t"
    does("CreateCmqQueue", "CreateCmqQueue", lambda got: check(got.QueueId[:6], "queue-"), QueueName=q, RewindSeconds=3600)
    does("CreateCmqQueue again", "CreateCmqQueue", refusal("ResourceInUse"), QueueName=q, RewindSeconds=3600)
    does("CreateCmqQueue with a dead-letter queue", "CreateCmqQueue", QueueName=f"{q}-source", DeadLetterQueueName=q,
         Policy=0, MaxReceiveCount=5)
    does("ModifyCmqQueueAttribute", "ModifyCmqQueueAttribute", QueueName=q, VisibilityTimeout=60)
    does("DescribeCmqQueueDetail", "DescribeCmqQueueDetail",
         lambda got: check((got.QueueDescribe.QueueName, got.QueueDescribe.VisibilityTimeout), (q, 60)), QueueName=q)
    does("DescribeCmqQueueDetail again", "DescribeCmqQueueDetail", QueueName=q)
    does("DescribeCmqQueues", "DescribeCmqQueues", lambda got: check((got.TotalCount, got.QueueList[0].QueueName), (2, q)),
         QueueName=q, Offset=0, Limit=20)
    does("UnbindCmqDeadLetter", "UnbindCmqDeadLetter", SourceQueueName=f"{q}-source")
    started = int(time.time()) - 1
    does("SendCmqMsg", "SendCmqMsg", lambda got: check((got.Result, got.MsgId.isdigit()), (True, True)), QueueName=q,
         MsgContent=awkward, DelaySeconds=0)
    does("RewindCmqQueue", "RewindCmqQueue", QueueName=q, StartConsumeTime=started)
    does("ClearCmqQueue", "ClearCmqQueue", QueueName=q)

    does("CreateCmqTopic", "CreateCmqTopic", lambda got: check(got.TopicId[:6], "topic-"), TopicName=t, FilterType=1)
    does("CreateCmqTopic again", "CreateCmqTopic", refusal("ResourceInUse"), TopicName=t, FilterType=1)
    does("ModifyCmqTopicAttribute", "ModifyCmqTopicAttribute", TopicName=t, MaxMsgSize=2048)
    does("DescribeCmqTopicDetail", "DescribeCmqTopicDetail", lambda got: check(got.TopicDescribe.MaxMsgSize, 2048), TopicName=t)
    does("DescribeCmqTopics", "DescribeCmqTopics", lambda got: check(got.TotalCount, 1), TopicName=t)
    does("PublishCmqMsg to nobody", "PublishCmqMsg", refusal("FailedOperation"), TopicName=t, MsgContent="early")
    does("CreateCmqSubscribe", "CreateCmqSubscribe", lambda got: check(got.SubscriptionId[:6], "subsc-"), TopicName=t,
         SubscriptionName="sub", Protocol="queue", Endpoint=q, NotifyStrategy="BACKOFF_RETRY",
         NotifyContentFormat="SIMPLIFIED", FilterTag=["a", "b"])
    does("DescribeCmqSubscriptionDetail", "DescribeCmqSubscriptionDetail",
         lambda got: check((got.TotalCount, got.SubscriptionSet[0].FilterTags), (1, ["a", "b"])), TopicName=t)
    does("ModifyCmqSubscriptionAttribute", "ModifyCmqSubscriptionAttribute", TopicName=t, SubscriptionName="sub",
         NotifyStrategy="EXPONENTIAL_DECAY_RETRY", NotifyContentFormat="SIMPLIFIED", FilterTags=["c"])
    does("PublishCmqMsg", "PublishCmqMsg", lambda got: check(got.Result, True), TopicName=t, MsgContent=awkward, MsgTag=["c"])
    does("PublishCmqMsg unmatched", "PublishCmqMsg", refusal("FailedOperation"), TopicName=t, MsgContent="x", MsgTag=["z"])
    does("ClearCmqSubscriptionFilterTags", "ClearCmqSubscriptionFilterTags", TopicName=t, SubscriptionName="sub")
    does("DeleteCmqTopic in use", "DeleteCmqTopic", refusal("ResourceInUse"), TopicName=t)
    does("DeleteCmqSubscribe", "DeleteCmqSubscribe", TopicName=t, SubscriptionName="sub")
    does("DeleteCmqTopic", "DeleteCmqTopic", TopicName=t)
    does("DeleteCmqTopic again", "DeleteCmqTopic", refusal("ResourceNotFound"), TopicName=t)
    for each in [f"{q}-source", q]:
        does("DeleteCmqQueue", "DeleteCmqQueue", QueueName=each)
    does("SendCmqMsg to nothing", "SendCmqMsg", refusal("ResourceNotFound"), QueueName=q, MsgContent="x", DelaySeconds=0)
    does("CreateCmqQueue without a name", "CreateCmqQueue", refusal("MissingParameter"), VisibilityTimeout=1)
    does("CreateCmqQueue with a wrong name", "CreateCmqQueue", refusal("InvalidParameterValue"), QueueName="0")


http = HttpProfile(protocol="http", endpoint="ringback.example:8000")
client = tdmq_client.TdmqClient(credential.Credential(secretId, secretKey), "ap-guangzhou", ClientProfile(httpProfile=http))
run(client, "tc3-post")
run(client_of(method="GET"), "tc3-get")
run(client_of(unsigned=True), "tc3-unsigned")
for method in ["POST", "GET"]:
    for sign in ["HmacSHA1", "HmacSHA256"]:
        run(client_of(method=method, sign=sign), f"{sign}-{method}")

call("a wrong key", lambda: action(client_of(key=secretKey + "x"), "DescribeCmqQueues"), refusal("AuthFailure.SignatureFailure"))
call("an unknown SecretId", lambda: action(client_of(id=secretId + "x"), "DescribeCmqQueues"),
     refusal("AuthFailure.SecretIdNotFound"))
call("an action that is not supported", lambda: action(client_of(), "DescribeClusters"), refusal("InvalidAction"))
