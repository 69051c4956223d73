package main

import (
	cmq "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cmq/v20190304"
	tdmq "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tdmq/v20200217"
)

// Only the SDK's constructors set the action's name in a request. The key is the type of the request.
var newRequest = map[string]func() interface{}{
	"*v20200217.ClearCmqQueueRequest":                     func() interface{} { return tdmq.NewClearCmqQueueRequest() },
	"*v20200217.ClearCmqSubscriptionFilterTagsRequest":    func() interface{} { return tdmq.NewClearCmqSubscriptionFilterTagsRequest() },
	"*v20200217.CreateCmqQueueRequest":                    func() interface{} { return tdmq.NewCreateCmqQueueRequest() },
	"*v20200217.CreateCmqSubscribeRequest":                func() interface{} { return tdmq.NewCreateCmqSubscribeRequest() },
	"*v20200217.CreateCmqTopicRequest":                    func() interface{} { return tdmq.NewCreateCmqTopicRequest() },
	"*v20200217.DeleteCmqQueueRequest":                    func() interface{} { return tdmq.NewDeleteCmqQueueRequest() },
	"*v20200217.DeleteCmqSubscribeRequest":                func() interface{} { return tdmq.NewDeleteCmqSubscribeRequest() },
	"*v20200217.DeleteCmqTopicRequest":                    func() interface{} { return tdmq.NewDeleteCmqTopicRequest() },
	"*v20200217.DescribeCmqDeadLetterSourceQueuesRequest": func() interface{} { return tdmq.NewDescribeCmqDeadLetterSourceQueuesRequest() },
	"*v20200217.DescribeCmqQueueDetailRequest":            func() interface{} { return tdmq.NewDescribeCmqQueueDetailRequest() },
	"*v20200217.DescribeCmqQueuesRequest":                 func() interface{} { return tdmq.NewDescribeCmqQueuesRequest() },
	"*v20200217.DescribeCmqSubscriptionDetailRequest":     func() interface{} { return tdmq.NewDescribeCmqSubscriptionDetailRequest() },
	"*v20200217.DescribeCmqTopicDetailRequest":            func() interface{} { return tdmq.NewDescribeCmqTopicDetailRequest() },
	"*v20200217.DescribeCmqTopicsRequest":                 func() interface{} { return tdmq.NewDescribeCmqTopicsRequest() },
	"*v20200217.ModifyCmqQueueAttributeRequest":           func() interface{} { return tdmq.NewModifyCmqQueueAttributeRequest() },
	"*v20200217.ModifyCmqSubscriptionAttributeRequest":    func() interface{} { return tdmq.NewModifyCmqSubscriptionAttributeRequest() },
	"*v20200217.ModifyCmqTopicAttributeRequest":           func() interface{} { return tdmq.NewModifyCmqTopicAttributeRequest() },
	"*v20200217.PublishCmqMsgRequest":                     func() interface{} { return tdmq.NewPublishCmqMsgRequest() },
	"*v20200217.RewindCmqQueueRequest":                    func() interface{} { return tdmq.NewRewindCmqQueueRequest() },
	"*v20200217.SendCmqMsgRequest":                        func() interface{} { return tdmq.NewSendCmqMsgRequest() },
	"*v20200217.UnbindCmqDeadLetterRequest":               func() interface{} { return tdmq.NewUnbindCmqDeadLetterRequest() },
	"*v20200217.DescribeClustersRequest":                  func() interface{} { return tdmq.NewDescribeClustersRequest() },
	"*v20190304.ClearQueueRequest":                        func() interface{} { return cmq.NewClearQueueRequest() },
	"*v20190304.ClearSubscriptionFilterTagsRequest":       func() interface{} { return cmq.NewClearSubscriptionFilterTagsRequest() },
	"*v20190304.CreateQueueRequest":                       func() interface{} { return cmq.NewCreateQueueRequest() },
	"*v20190304.CreateSubscribeRequest":                   func() interface{} { return cmq.NewCreateSubscribeRequest() },
	"*v20190304.CreateTopicRequest":                       func() interface{} { return cmq.NewCreateTopicRequest() },
	"*v20190304.DeleteQueueRequest":                       func() interface{} { return cmq.NewDeleteQueueRequest() },
	"*v20190304.DeleteSubscribeRequest":                   func() interface{} { return cmq.NewDeleteSubscribeRequest() },
	"*v20190304.DeleteTopicRequest":                       func() interface{} { return cmq.NewDeleteTopicRequest() },
	"*v20190304.DescribeDeadLetterSourceQueuesRequest":    func() interface{} { return cmq.NewDescribeDeadLetterSourceQueuesRequest() },
	"*v20190304.DescribeQueueDetailRequest":               func() interface{} { return cmq.NewDescribeQueueDetailRequest() },
	"*v20190304.DescribeSubscriptionDetailRequest":        func() interface{} { return cmq.NewDescribeSubscriptionDetailRequest() },
	"*v20190304.DescribeTopicDetailRequest":               func() interface{} { return cmq.NewDescribeTopicDetailRequest() },
	"*v20190304.ModifyQueueAttributeRequest":              func() interface{} { return cmq.NewModifyQueueAttributeRequest() },
	"*v20190304.ModifySubscriptionAttributeRequest":       func() interface{} { return cmq.NewModifySubscriptionAttributeRequest() },
	"*v20190304.ModifyTopicAttributeRequest":              func() interface{} { return cmq.NewModifyTopicAttributeRequest() },
	"*v20190304.RewindQueueRequest":                       func() interface{} { return cmq.NewRewindQueueRequest() },
	"*v20190304.UnbindDeadLetterRequest":                  func() interface{} { return cmq.NewUnbindDeadLetterRequest() },
}
