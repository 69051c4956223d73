"""Runs every action of qcloud-cmq-sdk-py3. Each call prints one line: "ok NAME" or "FAIL NAME: REASON"."""
import os
import time

from cmq.account import Account
from cmq.cmq_exception import CMQServerException
from cmq.queue import Message as QueueMessage, QueueMeta
from cmq.subscription import SubscriptionMeta
from cmq.topic import Message, TopicMeta

from calls import call, check, refused

secretId = os.environ["SECRET_ID"]
secretKey = os.environ["SECRET_KEY"]
awkward = '中文 a=1&b=2+3%20 "q" @ _x_ \t\r\n 😀'


def refusal(code, module):
    return refused(CMQServerException, lambda error: error.code == code and error.message.startswith(f"({module})"))


def queues(account, name):
    queue = account.get_queue(name)
    meta = QueueMeta()
    meta.rewindSeconds = 3600
    meta.maxMsgHeapNum = 1000000
    call("CreateQueue", lambda: queue.create(meta))
    call("CreateQueue again", lambda: queue.create(meta), refusal(4460, 10550))
    meta.visibilityTimeout = 60
    call("SetQueueAttributes", lambda: queue.set_attributes(meta))
    call("GetQueueAttributes", queue.get_attributes,
         lambda got: check(got.visibilityTimeout, 60) and check(got.rewindSeconds, 3600) and check(got.activeMsgNum, 0)
         and check(got.createTime > 1_600_000_000, True))
    call("ListQueue", lambda: account.list_queue(searchWord=name, limit=10, offset=0),
         lambda got: check((got[0], got[1][0]["queueName"], got[2]), (1, name, "")))
    call("ReceiveMessage of nothing", lambda: queue.receive_message(0),
         refused(CMQServerException, lambda error: error.message == "(10200)no message"))
    started = int(time.time()) - 1
    sent = call("SendMessage", lambda: queue.send_message(QueueMessage(awkward)), lambda got: check(got.msgId.isdigit(), True))
    received = call("ReceiveMessage", lambda: queue.receive_message(5),
                    lambda got: check((got.msgId, got.msgBody, got.dequeueCount), (sent.msgId, awkward, 1)))
    call("DeleteMessage", lambda: queue.delete_message(received.receiptHandle))
    call("DeleteMessage again", lambda: queue.delete_message(received.receiptHandle), refusal(4430, 10260))
    call("SendMessage @", lambda: queue.send_message(QueueMessage("@file")))
    at = call("ReceiveMessage @", lambda: queue.receive_message(5), lambda got: check(got.msgBody, "@file"))
    call("DeleteMessage @", lambda: queue.delete_message(at.receiptHandle))
    call("BatchSendMessage", lambda: queue.batch_send_message([QueueMessage("a"), QueueMessage("b")]),
         lambda got: check(len(got), 2))
    batch = call("BatchReceiveMessage", lambda: queue.batch_receive_message(16, 5),
                 lambda got: check([each.msgBody for each in got], ["a", "b"]))
    handles = [each.receiptHandle for each in batch]
    call("BatchDeleteMessage", lambda: queue.batch_delete_message(handles))
    call("BatchDeleteMessage again", lambda: queue.batch_delete_message(handles), refusal(6010, 10150))
    call("RewindQueue", lambda: queue.rewindQueue(started))
    call("ReceiveMessage rewound", lambda: queue.receive_message(5), lambda got: check(got.msgBody, awkward))
    call("SendMessage of nothing", lambda: queue.send_message(QueueMessage("")), refusal(4000, 10120))


def topics(account, name, queue_name):
    topic = account.get_topic(name)
    meta = TopicMeta()
    call("CreateTopic", lambda: topic.create(meta))
    call("CreateTopic again", lambda: topic.create(meta), refusal(4460, 10550))
    meta.maxMsgSize = 2048
    call("SetTopicAttributes", lambda: topic.set_attributes(meta))
    call("GetTopicAttributes", topic.get_attributes,
         lambda got: check((got.maxMsgSize, got.filterType, got.msgRetentionSeconds), (2048, 1, 86400)))
    call("ListTopic", lambda: account.list_topic(searchWord=name, limit=10, offset=0),
         lambda got: check((got[0], got[1][0]["topicName"]), (1, name)))
    call("PublishMessage to nobody", lambda: topic.publish_message(Message("x")), refusal(6030, 10650))
    subscription = account.get_subscription(name, "sub")
    wanted = SubscriptionMeta()
    wanted.Endpoint, wanted.Protocal, wanted.NotifyContentFormat, wanted.FilterTag = queue_name, "queue", "SIMPLIFIED", ["a"]
    call("Subscribe", lambda: subscription.create(wanted))
    call("Subscribe again", lambda: subscription.create(wanted), refusal(4490, 10470))
    call("GetSubscriptionAttributes", subscription.get_attributes,
         lambda got: check((got.Protocal, got.NotifyContentFormat, got.FilterTag), ("queue", "SIMPLIFIED", ["a"])))
    change = SubscriptionMeta()
    change.NotifyStrategy, change.NotifyContentFormat, change.FilterTag = "BACKOFF_RETRY", "SIMPLIFIED", ["b"]
    call("SetSubscriptionAttributes", lambda: subscription.set_attributes(change))
    call("ListSubscriptionByTopic", lambda: topic.list_subscription(searchWord="sub", limit=10, offset=0),
         lambda got: check((got[0], got[1][0]["subscriptionName"], got[1][0]["protocol"]), (1, "sub", "queue")))
    call("PublishMessage", lambda: topic.publish_message(Message(awkward, ["b"])), lambda got: check(got.msgId.isdigit(), True))
    call("PublishMessage unmatched", lambda: topic.publish_message(Message("x", ["z"])), refusal(6030, 10730))
    call("ClearSubscriptionFilterTags", subscription.clearFilterTags)
    call("BatchPublishMessage", lambda: topic.batch_publish_message([Message("1"), Message("2")]),
         lambda got: check(len(got), 2))
    call("DeleteTopic in use", topic.delete, refusal(4000, 10540))
    call("Unsubscribe", subscription.delete)
    call("DeleteTopic", topic.delete)
    call("DeleteTopic again", topic.delete, refusal(4440, 10600))


def routes(account, name, queue_name):
    topic = account.get_topic(name)
    meta = TopicMeta()
    meta.filterType = 2
    call("CreateTopic by route", lambda: topic.create(meta))
    wanted = SubscriptionMeta()
    wanted.Endpoint, wanted.Protocal, wanted.NotifyContentFormat, wanted.bindingKey = queue_name, "queue", "SIMPLIFIED", ["a.*", "#.z"]
    subscription = account.get_subscription(name, "sub")
    call("Subscribe by route", lambda: subscription.create(wanted))
    call("GetSubscriptionAttributes by route", subscription.get_attributes,
         lambda got: check(got.bindingKey, ["a.*", "#.z"]))
    call("PublishMessage by route", lambda: topic.publish_message(Message("x"), "a.b"))
    call("BatchPublishMessage by route", lambda: topic.batch_publish_message([Message("x"), Message("y")], [], "q.z"))
    call("PublishMessage unmatched by route", lambda: topic.publish_message(Message("x"), "b"), refusal(6030, 10730))
    call("PublishMessage without a route", lambda: topic.publish_message(Message("x")), refusal(4000, 10700))
    call("Unsubscribe by route", subscription.delete)
    call("DeleteTopic by route", topic.delete)


for method, sha in [("POST", "sha1"), ("POST", "sha256"), ("GET", "sha1"), ("GET", "sha256")]:
    account = Account("http://ringback.example:8000", secretId, secretKey)
    account.set_sign(sha)
    account.get_client().set_method(method)
    name = f"py-{method}-{sha}"
    queues(account, name)
    topics(account, f"{name}-t", name)
    routes(account, f"{name}-r", name)
    call("DeleteQueue", account.get_queue(name).delete)
    call("GetQueueAttributes of nothing", account.get_queue(name).get_attributes, refusal(4440, 10100))

wrong = Account("http://ringback.example:8000", secretId, secretKey + "x")
call("a wrong key", wrong.list_queue, refusal(4100, 10030))
unknown = Account("http://ringback.example:8000", secretId + "x", secretKey)
call("an unknown SecretId", unknown.list_queue, refusal(4100, 10270))
