/** Requests of both modes, byte for byte. Header values are UTF-8. The data is unchanged where the mode allows it. */

import type { OutgoingDelivery } from "../protocol.ts";
import { sampleDelivery } from "./wire.ts";

/** The delivery of `jsonRequest` and `binaryRequest`, with a value for each attribute of an event. */
export const fullDelivery: OutgoingDelivery = {
  ...sampleDelivery,
  attempt: 3,
  publishedAtMs: 11203432_017,
  contentType: "application/json",
  tags: ["a", "标签"],
  type: "orders.cn.paid",
  orderingKey: "customer-7",
  attributes: { trace: "4bf92f35", "ce-subject": "Zoë", "ce-comexampleother": "5" },
  body: new TextEncoder().encode('{"id": 12345678901234567890,\n "id": 1.0}'),
};

export const jsonRequest = `POST /cgi HTTP/1.1
Content-Type: application/cloudevents+json
User-Agent: Ringback/1

{"specversion":"1.0","id":"6942316962","source":"/topics/MyTopic","type":"orders.cn.paid","time":"1970-05-10T16:03:52.017Z","subject":"Zoë","comexampleother":"5","ringbacktopic":"MyTopic","ringbacksubscription":"mysubscription","ringbackrequestid":"2394928734","ringbackattempt":3,"ringbacktags":"a, 标签","ringbackroutingkey":"orders.cn.paid","ringbackorderingkey":"customer-7","datacontenttype":"application/json","data":{"id": 12345678901234567890,
 "id": 1.0}}`;

export const textRequest = `POST /cgi HTTP/1.1
Content-Type: application/cloudevents+json
User-Agent: Ringback/1

{"specversion":"1.0","id":"1","source":"/topics/t","type":"ringback.message","time":"1970-01-01T00:00:00.000Z","ringbacktopic":"t","ringbacksubscription":"s","ringbackrequestid":"2","ringbackattempt":1,"datacontenttype":"text/plain; charset=utf-8","data":"say \\"hi\\"\\n"}`;

export const bytesRequest = `POST /cgi HTTP/1.1
Content-Type: application/cloudevents+json
User-Agent: Ringback/1

{"specversion":"1.0","id":"1","source":"/topics/t","type":"ringback.message","time":"1970-01-01T00:00:00.000Z","ringbacktopic":"t","ringbacksubscription":"s","ringbackrequestid":"2","ringbackattempt":1,"datacontenttype":"application/octet-stream","data_base64":"AP9/"}`;

export const emptyRequest = `POST /cgi HTTP/1.1
Content-Type: application/cloudevents+json
User-Agent: Ringback/1

{"specversion":"1.0","id":"1","source":"/topics/t","type":"ringback.message","time":"1970-01-01T00:00:00.000Z","ringbacktopic":"t","ringbacksubscription":"s","ringbackrequestid":"2","ringbackattempt":1,"datacontenttype":"application/json"}`;

export const binaryRequest = `POST /cgi HTTP/1.1
Content-Type: application/json
User-Agent: Ringback/1
ce-specversion: 1.0
ce-id: 6942316962
ce-source: /topics/%25E4%25B8%25BB%25E9%25A2%2598
ce-type: com.example.paid
ce-time: 1970-05-10T16:03:52.017Z
ce-subject: Euro%20%E2%82%AC%20%F0%9F%98%80
ce-ringbacktopic: %E4%B8%BB%E9%A2%98
ce-ringbacksubscription: mysubscription
ce-ringbackrequestid: 2394928734
ce-ringbackattempt: 3
ce-ringbacktags: a,%20%E6%A0%87%E7%AD%BE

{"id": 12345678901234567890}`;

/**
 * An event in the style of the specification's JSON examples: with nulls, white space, members in any order, and an
 * integer extension.
 */
export const foreignRequest = `POST /cgi HTTP/1.1
Content-Type: application/cloudevents+json; charset=UTF-8

{
    "data" : {
        "appinfoB" : 9007199254740993
    },
    "specversion" : "1.0",
    "type" : "com.example.someevent",
    "source" : "https://example.com/mycontext?a=b",
    "subject": null,
    "id" : "C234-1234-1234",
    "time" : "2018-04-05T19:31:00.5+02:00",
    "comexampleextension1" : "värde",
    "comexampleothervalue" : -5,
    "comexampleflag" : true,
    "unsetextension": null
}
`;
