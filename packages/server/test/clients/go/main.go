// Runs every CMQ action of tencentcloud-sdk-go, of its modules tdmq and cmq. Each call prints one line: "ok NAME" or
// "FAIL NAME: REASON".
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"time"

	cmq "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cmq/v20190304"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
	tdmq "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tdmq/v20200217"
)

const awkward = "中文 a=1&b=2+3%20 \"q\" @ _x_ \t\r\n 😀"

var uuid = regexp.MustCompile(`^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$`)

type parameters map[string]interface{}

// A way to sign and send requests.
type way struct {
	id, key, method, sign string
	unsigned              bool
}

func (w way) profile() *profile.ClientProfile {
	clientProfile := profile.NewClientProfile()
	clientProfile.HttpProfile.Scheme, clientProfile.HttpProfile.Endpoint = "HTTP", "ringback.example:8000"
	clientProfile.HttpProfile.ReqMethod = w.method
	clientProfile.SignMethod = w.sign
	clientProfile.UnsignedPayload = w.unsigned
	return clientProfile
}

// Calls the method of the client and returns the members of the response.
func action(client interface{}, name string, given parameters) (parameters, error) {
	method := reflect.ValueOf(client).MethodByName(name)
	request := reflect.ValueOf(newRequest[method.Type().In(0).String()]())
	text, _ := json.Marshal(given)
	if err := json.Unmarshal(text, request.Interface()); err != nil {
		return nil, err
	}
	results := method.Call([]reflect.Value{request})
	if err, failed := results[1].Interface().(error); failed {
		return nil, err
	}
	var envelope struct{ Response parameters }
	text, _ = json.Marshal(results[0].Interface())
	if err := json.Unmarshal(text, &envelope); err != nil {
		return nil, err
	}
	if id, _ := envelope.Response["RequestId"].(string); !uuid.MatchString(id) {
		return nil, fmt.Errorf("the request id is %v", envelope.Response["RequestId"])
	}
	return envelope.Response, nil
}

func report(name, fault string) {
	if fault == "" {
		fmt.Println("ok", name)
	} else {
		fmt.Printf("FAIL %s: %q\n", name, fault)
	}
}

// Requires the call to succeed with these members, at least.
func succeeds(client interface{}, name string, given parameters, wanted parameters) {
	got, err := action(client, name, given)
	if err != nil {
		report(name, err.Error())
		return
	}
	for member, value := range wanted {
		if fmt.Sprint(got[member]) != fmt.Sprint(value) {
			report(name, fmt.Sprintf("%s is %v, not %v", member, got[member], value))
			return
		}
	}
	report(name, "")
}

// Requires the call to fail with this code.
func fails(client interface{}, name string, given parameters, code string) {
	title := name + " is " + code
	got, err := action(client, name, given)
	if failure, known := err.(*errors.TencentCloudSDKError); known && failure.Code == code && uuid.MatchString(failure.RequestId) {
		report(title, "")
	} else {
		report(title, fmt.Sprintf("answered %v, error %v", got, err))
	}
}

func runTdmq(client *tdmq.Client, prefix string) {
	q, t := prefix+"-q", prefix+"-t"
	queue := parameters{"QueueName": q}
	topic := parameters{"TopicName": t}
	sub := parameters{"TopicName": t, "SubscriptionName": "sub"}
	create := parameters{"QueueName": q, "RewindSeconds": 3600}
	succeeds(client, "CreateCmqQueue", create, nil)
	fails(client, "CreateCmqQueue", create, "ResourceInUse")
	succeeds(client, "CreateCmqQueue", parameters{"QueueName": q + "-source", "DeadLetterQueueName": q, "Policy": 0, "MaxReceiveCount": 5}, nil)
	succeeds(client, "ModifyCmqQueueAttribute", parameters{"QueueName": q, "VisibilityTimeout": 60}, nil)
	succeeds(client, "DescribeCmqQueueDetail", queue, nil)
	succeeds(client, "DescribeCmqQueueDetail", queue, nil)
	succeeds(client, "DescribeCmqQueues", parameters{"QueueName": q, "Offset": 0, "Limit": 20}, parameters{"TotalCount": 2})
	succeeds(client, "DescribeCmqDeadLetterSourceQueues", parameters{"DeadLetterQueueName": q}, parameters{"TotalCount": 1})
	succeeds(client, "UnbindCmqDeadLetter", parameters{"SourceQueueName": q + "-source"}, nil)
	started := time.Now().Unix() - 1
	succeeds(client, "SendCmqMsg", parameters{"QueueName": q, "MsgContent": awkward, "DelaySeconds": 0}, parameters{"Result": true})
	succeeds(client, "RewindCmqQueue", parameters{"QueueName": q, "StartConsumeTime": started}, nil)
	succeeds(client, "ClearCmqQueue", queue, nil)

	succeeds(client, "CreateCmqTopic", parameters{"TopicName": t, "FilterType": 1}, nil)
	fails(client, "CreateCmqTopic", parameters{"TopicName": t, "FilterType": 1}, "ResourceInUse")
	succeeds(client, "ModifyCmqTopicAttribute", parameters{"TopicName": t, "MaxMsgSize": 2048}, nil)
	succeeds(client, "DescribeCmqTopicDetail", topic, nil)
	succeeds(client, "DescribeCmqTopics", topic, parameters{"TotalCount": 1})
	fails(client, "PublishCmqMsg", parameters{"TopicName": t, "MsgContent": "early"}, "FailedOperation")
	succeeds(client, "CreateCmqSubscribe", parameters{"TopicName": t, "SubscriptionName": "sub", "Protocol": "queue", "Endpoint": q,
		"NotifyStrategy": "BACKOFF_RETRY", "NotifyContentFormat": "SIMPLIFIED", "FilterTag": []string{"a", "b"}}, nil)
	succeeds(client, "DescribeCmqSubscriptionDetail", topic, parameters{"TotalCount": 1})
	succeeds(client, "ModifyCmqSubscriptionAttribute", parameters{"TopicName": t, "SubscriptionName": "sub",
		"NotifyStrategy": "EXPONENTIAL_DECAY_RETRY", "NotifyContentFormat": "SIMPLIFIED", "FilterTags": []string{"c"}}, nil)
	succeeds(client, "PublishCmqMsg", parameters{"TopicName": t, "MsgContent": awkward, "MsgTag": []string{"c"}}, parameters{"Result": true})
	fails(client, "PublishCmqMsg", parameters{"TopicName": t, "MsgContent": "x", "MsgTag": []string{"z"}}, "FailedOperation")
	succeeds(client, "ClearCmqSubscriptionFilterTags", sub, nil)
	fails(client, "DeleteCmqTopic", topic, "ResourceInUse")
	succeeds(client, "DeleteCmqSubscribe", sub, nil)
	succeeds(client, "DeleteCmqTopic", topic, nil)
	fails(client, "DeleteCmqTopic", topic, "ResourceNotFound")
	succeeds(client, "DeleteCmqQueue", parameters{"QueueName": q + "-source"}, nil)
	succeeds(client, "DeleteCmqQueue", queue, nil)
	fails(client, "SendCmqMsg", parameters{"QueueName": q, "MsgContent": "x", "DelaySeconds": 0}, "ResourceNotFound")
	fails(client, "CreateCmqQueue", parameters{"VisibilityTimeout": 1}, "MissingParameter")
	fails(client, "CreateCmqQueue", parameters{"QueueName": "0"}, "InvalidParameterValue")
}

// The older version 2019-03-04.
func runCmq(w way, prefix string) {
	client, _ := cmq.NewClient(common.NewCredential(w.id, w.key), "ap-guangzhou", w.profile())
	q, t := prefix+"-old-q", prefix+"-old-t"
	queue := parameters{"QueueName": q}
	sub := parameters{"TopicName": t, "SubscriptionName": "sub"}
	succeeds(client, "CreateQueue", parameters{"QueueName": q, "RewindSeconds": 3600}, nil)
	succeeds(client, "ModifyQueueAttribute", parameters{"QueueName": q, "VisibilityTimeout": 60}, nil)
	succeeds(client, "DescribeQueueDetail", queue, parameters{"TotalCount": 1})
	succeeds(client, "DescribeDeadLetterSourceQueues", parameters{"DeadLetterQueueName": q}, parameters{"TotalCount": 0})
	succeeds(client, "UnbindDeadLetter", queue, nil)
	succeeds(client, "RewindQueue", parameters{"QueueName": q, "StartConsumeTime": time.Now().Unix() - 1}, nil)
	succeeds(client, "ClearQueue", queue, nil)
	succeeds(client, "CreateTopic", parameters{"TopicName": t}, nil)
	succeeds(client, "ModifyTopicAttribute", parameters{"TopicName": t, "MaxMsgSize": 2048}, nil)
	succeeds(client, "DescribeTopicDetail", parameters{"TopicName": t}, parameters{"TotalCount": 1})
	succeeds(client, "CreateSubscribe", parameters{"TopicName": t, "SubscriptionName": "sub", "Protocol": "http",
		"Endpoint": "http://127.0.0.1:9/", "NotifyStrategy": "BACKOFF_RETRY", "FilterTag": []string{"a"}}, nil)
	succeeds(client, "ModifySubscriptionAttribute", parameters{"TopicName": t, "SubscriptionName": "sub",
		"NotifyStrategy": "EXPONENTIAL_DECAY_RETRY"}, nil)
	succeeds(client, "DescribeSubscriptionDetail", parameters{"TopicName": t}, parameters{"TotalCount": 1})
	succeeds(client, "ClearSubscriptionFilterTags", sub, nil)
	succeeds(client, "DeleteSubscribe", sub, nil)
	succeeds(client, "DeleteTopic", parameters{"TopicName": t}, nil)
	succeeds(client, "DeleteQueue", queue, nil)
}

func main() {
	secretId, secretKey := os.Getenv("SECRET_ID"), os.Getenv("SECRET_KEY")
	clientProfile := profile.NewClientProfile()
	clientProfile.HttpProfile.Scheme, clientProfile.HttpProfile.Endpoint = "HTTP", "ringback.example:8000"
	client, err := tdmq.NewClient(common.NewCredential(secretId, secretKey), "ap-guangzhou", clientProfile)
	if err != nil {
		panic(err)
	}
	runTdmq(client, "guide")
	fails(client, "DescribeClusters", parameters{}, "InvalidAction")
	for index, w := range []way{
		{secretId, secretKey, "POST", "TC3-HMAC-SHA256", false},
		{secretId, secretKey, "GET", "TC3-HMAC-SHA256", false},
		{secretId, secretKey, "POST", "TC3-HMAC-SHA256", true},
		{secretId, secretKey, "POST", "HmacSHA1", false},
		{secretId, secretKey, "POST", "HmacSHA256", false},
		{secretId, secretKey, "GET", "HmacSHA256", false},
	} {
		client, _ := tdmq.NewClient(common.NewCredential(w.id, w.key), "ap-guangzhou", w.profile())
		runTdmq(client, fmt.Sprintf("go%d", index))
		runCmq(w, fmt.Sprintf("go%d", index))
	}
	tc3 := way{secretId, secretKey, "POST", "TC3-HMAC-SHA256", false}
	wrong, unknown := tc3, tc3
	wrong.key += "x"
	unknown.id += "x"
	for w, code := range map[way]string{wrong: "AuthFailure.SignatureFailure", unknown: "AuthFailure.SecretIdNotFound"} {
		client, _ := tdmq.NewClient(common.NewCredential(w.id, w.key), "ap-guangzhou", w.profile())
		fails(client, "DescribeCmqQueues", parameters{}, code)
	}
}
