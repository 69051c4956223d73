/**
 * Requests recorded from real clients: `qcloudapi-sdk` 0.2.1 by GET and POST with SHA1 and SHA256, `cmq-sdk` 2.1.0 with
 * its host names redirected, and `tencentcloud-sdk-nodejs` 4.1.313. The keys are invented.
 */

export const recordedSecretId = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE";
export const recordedSecretKey = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE";
/** Time of the recording, to within two seconds. */
export const recordedAtMs = 1_795_318_922_000;

export interface RecordedRequest {
  readonly client: string;
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const recordedApi2: readonly RecordedRequest[] = [
  {
    client: "qcloudapi-sdk GET SHA1",
    method: "GET",
    url: "/v2/index.php?Region=gz&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Timestamp=1795318921&Nonce=45420&RequestClient=SDK_NODEJS_0.2.1&Action=PublishMessage&topicName=orders&msgBody=%E4%B8%AD%E6%96%87%20a%3Db%26c%2Bd%20%2520%20%22q%22%20%2F%3F&msgTag.0=a&msgTag.1=b&_under_score=x&under_score=y&Signature=I7zQ7u2adIWbAXSvojZH%2FoAaSFE%3D",
    headers: {
      host: "127.0.0.1:36227",
    },
    body: "",
  },
  {
    client: "qcloudapi-sdk GET SHA256",
    method: "GET",
    url: "/v2/index.php?Region=gz&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Timestamp=1795318922&Nonce=12851&RequestClient=SDK_NODEJS_0.2.1&Action=PublishMessage&topicName=orders&msgBody=%E4%B8%AD%E6%96%87%20a%3Db%26c%2Bd%20%2520%20%22q%22%20%2F%3F&msgTag.0=a&msgTag.1=b&_under_score=x&under_score=y&SignatureMethod=HmacSHA256&Signature=qMbSy8SFY93r90KdhZxkvbYloEkOH4K9l1sbEB%2Bh9h0%3D",
    headers: {
      host: "127.0.0.1:36227",
    },
    body: "",
  },
  {
    client: "qcloudapi-sdk POST SHA1",
    method: "POST",
    url: "/v2/index.php",
    headers: {
      host: "127.0.0.1:36227",
      "content-type": "application/x-www-form-urlencoded",
    },
    body: "Region=gz&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Timestamp=1795318922&Nonce=53826&RequestClient=SDK_NODEJS_0.2.1&Action=PublishMessage&topicName=orders&msgBody=%E4%B8%AD%E6%96%87%20a%3Db%26c%2Bd%20%2520%20%22q%22%20%2F%3F&msgTag.0=a&msgTag.1=b&_under_score=x&under_score=y&at=%40file&Signature=jXW8Blv%2BiWtqbl3yjm4RjXhP66E%3D",
  },
  {
    client: "qcloudapi-sdk POST SHA256",
    method: "POST",
    url: "/v2/index.php",
    headers: {
      host: "127.0.0.1:36227",
      "content-type": "application/x-www-form-urlencoded",
    },
    body: "Region=gz&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Timestamp=1795318922&Nonce=50558&RequestClient=SDK_NODEJS_0.2.1&Action=PublishMessage&topicName=orders&msgBody=%E4%B8%AD%E6%96%87%20a%3Db%26c%2Bd%20%2520%20%22q%22%20%2F%3F&msgTag.0=a&msgTag.1=b&_under_score=x&under_score=y&at=%40file&SignatureMethod=HmacSHA256&Signature=iL1LruWEmvUSQLEuFwVPLg2XNk1KuEgO3b50X1Dxmcc%3D",
  },
  {
    client: "cmq-sdk SHA1",
    method: "POST",
    url: "/v2/index.php",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      host: "cmq-topic-gz.api.tencentyun.com:36227",
    },
    body: "topicName=orders&msgBody=%E4%B8%AD%E6%96%87+a%3Db%26c%2Bd+%2520&msgTag.0=a&msgTag.1=b&Action=PublishMessage&SignatureMethod=HmacSHA1&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Region=gz&Nonce=2573&Timestamp=1795318921&Signature=%2BRk6%2B26xe5M3%2BHoBwoyr59d%2FoLU%3D",
  },
  {
    client: "cmq-sdk SHA256",
    method: "POST",
    url: "/v2/index.php",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      host: "cmq-topic-gz.api.tencentyun.com:36227",
    },
    body: "topicName=orders&msgBody=%E4%B8%AD%E6%96%87+a%3Db%26c%2Bd+%2520&msgTag.0=a&msgTag.1=b&Action=PublishMessage&SignatureMethod=HmacSHA256&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Region=gz&Nonce=9696&Timestamp=1795318921&Signature=po07NXMAbaMDhLnwlRSe2AcdIgn6O8D3wnW9wsGwSbI%3D",
  },
];

export const recordedTc3: readonly RecordedRequest[] = [
  {
    client: "tencentcloud-sdk-nodejs CreateCmqTopic",
    method: "POST",
    url: "/",
    headers: {
      host: "127.0.0.1:36227",
      "x-tc-action": "CreateCmqTopic",
      "x-tc-region": "ap-guangzhou",
      "x-tc-timestamp": "1795318922",
      "x-tc-version": "2020-02-17",
      "x-tc-requestclient": "SDK_NODEJS_4.1.313",
      "content-type": "application/json",
      authorization:
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2026-11-22/127/tc3_request, SignedHeaders=content-type;host, Signature=90824a224d521ded551819b9355760e4809e2894dd17e51b567c611ebc9ff2b2",
    },
    body: '{"TopicName":"orders","FilterType":1}',
  },
  {
    client: "tencentcloud-sdk-nodejs PublishCmqMsg",
    method: "POST",
    url: "/",
    headers: {
      host: "127.0.0.1:36227",
      "x-tc-action": "PublishCmqMsg",
      "x-tc-region": "ap-guangzhou",
      "x-tc-timestamp": "1795318922",
      "x-tc-version": "2020-02-17",
      "x-tc-requestclient": "SDK_NODEJS_4.1.313",
      "content-type": "application/json",
      authorization:
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2026-11-22/127/tc3_request, SignedHeaders=content-type;host, Signature=65c356688e5bf11854d8c6be61977566f6a4a4c63eedbab864a1de2a3b5fadc7",
    },
    body: '{"TopicName":"orders","MsgContent":"中文","MsgTag":["a"]}',
  },
  {
    client: "tencentcloud-sdk-nodejs CreateCmqSubscribe",
    method: "POST",
    url: "/",
    headers: {
      host: "127.0.0.1:36227",
      "x-tc-action": "CreateCmqSubscribe",
      "x-tc-region": "ap-guangzhou",
      "x-tc-timestamp": "1795318922",
      "x-tc-version": "2020-02-17",
      "x-tc-requestclient": "SDK_NODEJS_4.1.313",
      "content-type": "application/json",
      authorization:
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2026-11-22/127/tc3_request, SignedHeaders=content-type;host, Signature=68ee24b331a51368b07626737e698169582a7a7ad5efc353be5643231a58dc8f",
    },
    body: '{"TopicName":"t","SubscriptionName":"s","Protocol":"http","Endpoint":"http://h/","FilterTag":["a"]}',
  },
  {
    client: "tencentcloud-sdk-nodejs DescribeTopicDetail",
    method: "POST",
    url: "/",
    headers: {
      host: "127.0.0.1:36227",
      "x-tc-action": "DescribeTopicDetail",
      "x-tc-region": "ap-guangzhou",
      "x-tc-timestamp": "1795318922",
      "x-tc-version": "2019-03-04",
      "x-tc-requestclient": "SDK_NODEJS_4.1.313",
      "content-type": "application/json",
      authorization:
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2026-11-22/127/tc3_request, SignedHeaders=content-type;host, Signature=6d28ec8009041b1f34134a2c1d13c3465f6f8751088cdcb98653d8d67259c4cc",
    },
    body: '{"TopicName":"x"}',
  },
];
