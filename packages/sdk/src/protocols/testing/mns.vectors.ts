/**
 * Requests of Alibaba Cloud MNS. The documentation masks some digits with asterisks, which are kept.
 *
 * `documentedXml` and `documentedJson` are the samples of help.aliyun.com/document_detail/27482, with the headers of
 * 27498. The mistakes of the samples are corrected: `xlmns`, an end tag with another name, and in JSON a message that
 * does not match the MD5. `recordedXml` has the form of notifications captured from 2017 to 2019 (another order, no
 * tag, a certificate's URL). `recordedJson` has the form of captures of 2019 and 2022, and `recordedSimplified` that of
 * a capture of 2024. Names, numbers and the signature in these three are invented.
 */

export const documentedXml = `POST /notifications HTTP/1.1
Host: example.com
Date: Tue, 08 Dec 2015 06:42:00 GMT
Content-Type: text/xml;charset=utf-8
x-mns-request-id: 57458276F0E3D56D7C00****
x-mns-version: 2015-06-06

<?xml version="1.0" encoding="utf-8"?>
    <Notification xmlns="http://mns.aliyuncs.com/doc/v1/">
        <TopicOwner>TopicOwner</TopicOwner>
        <TopicName>TopicName</TopicName>
        <Subscriber>Subscriber</Subscriber>
        <SubscriptionName>SubscriptionName</SubscriptionName>
        <MessageId>6CC4D900CA59A2CD-1-15180534A8F-20000****</MessageId>
        <Message>{1:"a", 2:"b"}</Message>
        <MessageMD5>F1E92841751D795AB325861034B5CB55</MessageMD5>
        <MessageTag>important</MessageTag>
        <PublishTime>1449556920975</PublishTime>
    </Notification>`;

export const documentedJson = `POST /notifications HTTP/1.1
x-mns-request-id: 57458276F0E3D56D7C00****

{
    "TopicOwner":"TopicOwner",
    "TopicName":"TopicName",
    "Subscriber":"Subscriber",
    "SubscriptionName":"SubscriptionName",
    "MessageId":"6CC4D900CA59A2CD-1-15180534A8F-20000****",
    "Message":"{1:\\"a\\", 2:\\"b\\"}",
    "MessageMD5":"F1E92841751D795AB325861034B5CB55",
    "MessageTag":"important",
    "PublishTime":"1449556920975"
}`;

export const recordedXml = `POST /notifications HTTP/1.1
Content-Type: text/xml;charset=utf-8
Content-MD5: NmJiNTZmOWMyNmFjYTlhYzczODg3NTZjYTBjMWFjOGQ=
x-mns-request-id: 0123456789ABCDEF01234567
x-mns-version: 2015-06-06

<?xml version="1.0" encoding="UTF-8"?>
<Notification xmlns="http://mns.aliyuncs.com/doc/v1/">
  <TopicOwner>1000000000000001</TopicOwner>
  <TopicName>orders</TopicName>
  <Subscriber>1000000000000001</Subscriber>
  <SubscriptionName>orders-http</SubscriptionName>
  <MessageId>0123456789ABCDEF-1-15CA0000000-200000008</MessageId>
  <MessageMD5>ED076287532E86365E841E92BFC50D8C</MessageMD5>
  <Message>Hello World!</Message>
  <PublishTime>1497335254533</PublishTime>
  <SigningCertURL>https://mnstest.oss-cn-hangzhou.aliyuncs.com/x509_public_certificate.pem</SigningCertURL>
</Notification>`;

export const recordedJson = `POST /notifications HTTP/1.1
x-mns-request-id: 0123456789ABCDEF01234567

{"TopicOwner":"1000000000000001","Message":"Hello World!","Subscriber":"1000000000000001","PublishTime":"1642865171548","SubscriptionName":"orders-http","MessageMD5":"ED076287532E86365E841E92BFC50D8C","TopicName":"orders","MessageId":"0123456789ABCDEF0123456789ABCDEF"}`;

export const recordedSimplified = `POST /notifications HTTP/1.1
Connection: keep-alive
x-mns-message-id: 0123456789ABCDEF0123456789ABCDEF
Content-Type: text/plain;charset=utf-8
Content-md5: ED076287532E86365E841E92BFC50D8C
x-mns-topic-owner: 1000000000000001
x-mns-topic-name: orders
x-mns-subscriber: 1000000000000001
x-mns-subscription-name: orders-http
x-mns-publish-time: 1730368640272
x-mns-request-id: 0123456789ABCDEF01234567
Date: Thu, 31 Oct 2024 09:57:20 GMT
x-mns-version: 2015-06-06
User-Agent: Aliyun Notification Service Agent
x-mns-signing-cert-url: aHR0cHM6Ly9tbnN0ZXN0Lm9zcy1jbi1oYW5nemhvdS5hbGl5dW5jcy5jb20veDUwOV9wdWJsaWNfY2VydGlmaWNhdGUucGVt
Authorization: bm90IGEgc2lnbmF0dXJl
Host: example.com
Content-length: 12
Accept: */*

Hello World!`;

/** A request that the sender's half writes. Its checksums were computed with md5sum. */
export const sentXml = `POST /cgi HTTP/1.1
Date: Sun, 10 May 1970 16:03:53 GMT
Content-Type: text/xml;charset=utf-8
Content-MD5: N2YzMDYzOTE1NGUwMGVmNjVmZGE1YjZjMTJhZWM3MDg=
User-Agent: Aliyun Notification Service Agent
x-mns-request-id: 2394928734
x-mns-version: 2015-06-06

<?xml version="1.0" encoding="UTF-8"?>
<Notification xmlns="http://mns.aliyuncs.com/doc/v1/">
  <TopicOwner>100015036</TopicOwner>
  <TopicName>MyTopic</TopicName>
  <Subscriber>100015036</Subscriber>
  <SubscriptionName>mysubscription</SubscriptionName>
  <MessageId>6942316962</MessageId>
  <Message>{1:"a", 2:"b"}</Message>
  <MessageMD5>F1E92841751D795AB325861034B5CB55</MessageMD5>
  <MessageTag>important</MessageTag>
  <PublishTime>11203432000</PublishTime>
</Notification>`;

export const sentJson = `POST /cgi HTTP/1.1
Date: Sun, 10 May 1970 16:03:53 GMT
Content-Type: text/plain;charset=utf-8
Content-MD5: MTc4MWEzYTgwZTI5MjMzMzlmZDdjNzMwZmJlNTkyNmI=
User-Agent: Aliyun Notification Service Agent
x-mns-request-id: 2394928734
x-mns-version: 2015-06-06

{"TopicOwner":"100015036","TopicName":"MyTopic","Subscriber":"100015036","SubscriptionName":"mysubscription","MessageId":"6942316962","Message":"{1:\\"a\\", 2:\\"b\\"}","MessageMD5":"F1E92841751D795AB325861034B5CB55","MessageTag":"important","PublishTime":"11203432000"}`;

export const sentSimplified = `POST /cgi HTTP/1.1
Date: Sun, 10 May 1970 16:03:53 GMT
Content-Type: text/plain;charset=utf-8
Content-MD5: F1E92841751D795AB325861034B5CB55
User-Agent: Aliyun Notification Service Agent
x-mns-request-id: 2394928734
x-mns-version: 2015-06-06
x-mns-message-id: 6942316962
x-mns-message-tag: important
x-mns-topic-owner: 100015036
x-mns-topic-name: MyTopic
x-mns-subscriber: 100015036
x-mns-subscription-name: mysubscription
x-mns-publish-time: 11203432000

{1:"a", 2:"b"}`;

/** The head of a request, and its string to sign. Both are printed at help.aliyun.com/document_detail/27488. */
export const signedHead = `POST /notifications HTTP/1.1
Host: example.com
x-mns-version: 2015-06-06
Content-Type: text/xml;charset=utf-8
x-mns-signing-cert-url: aHR0cDovL21uc3Rlc3Qub3NzLWNuLWhhbmd6aG91LmFsaXl1bmNzLmNvbS94NTA5X3B1YmxpY19jZXJ0aWZpY2F0ZS5w****
Date: Wed, 25 May 2016 10:46:14 GMT
x-mns-request-id: 57458276F0E3D56D7C00****
Content-MD5: ZDgxNjY5ZjFlMDQ5MGM0YWMwMWE5ODlmZDVlYmQxYjI=

`;

export const stringToSign = `POST
ZDgxNjY5ZjFlMDQ5MGM0YWMwMWE5ODlmZDVlYmQxYjI=
text/xml;charset=utf-8
Wed, 25 May 2016 10:46:14 GMT
x-mns-request-id:57458276F0E3D56D7C00****
x-mns-signing-cert-url:aHR0cDovL21uc3Rlc3Qub3NzLWNuLWhhbmd6aG91LmFsaXl1bmNzLmNvbS94NTA5X3B1YmxpY19jZXJ0aWZpY2F0ZS5w****
x-mns-version:2015-06-06
/notifications`;
