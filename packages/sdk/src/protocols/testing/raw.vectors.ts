/**
 * A request with every header of the dialect, byte for byte. Header values are UTF-8. The body is the unchanged body of
 * the message.
 */

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

/** A request without any optional header. */
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
