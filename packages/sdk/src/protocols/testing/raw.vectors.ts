/** A push with every header that the dialect has, as it stands on the wire: values are UTF-8, body bytes are the publisher's. */

export const fullRequest = `POST /cgi HTTP/1.1
Content-Type: application/json
User-Agent: Ringback/1
ringback-message-id: 6942316962
ringback-topic: MyTopic
ringback-subscription: mysubscription
ringback-request-id: 2394928734
ringback-attempt: 3
ringback-published-at: 11203432017
ringback-tags: a, 标签
ringback-type: orders.cn.paid
ringback-ordering-key: customer-7
ringback-attribute-trace: 4bf92f35
ringback-attribute-name: Zoë

{"id": 12345678901234567890}`;

/** One without anything optional. */
export const bareRequest = `POST /cgi HTTP/1.1
Content-Type: application/octet-stream
User-Agent: Ringback/1
ringback-message-id: 1
ringback-topic: t
ringback-subscription: s
ringback-request-id: 2
ringback-attempt: 1
ringback-published-at: 0

`;
