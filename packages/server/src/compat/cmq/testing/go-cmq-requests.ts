/**
 * Requests of `tencentcloud-cmq-sdk-go` 1.2.0, CMQ's own client for Go. No package registry has this client, so the
 * requests were composed from its source text: `NewClient("http://ringback.example:8000", …)` without a path sends
 * everything to `/`. The keys are those of the recorded requests.
 */

import { type RecordedRequest } from "./recorded-requests.ts";

const sent = { client: "tencentcloud-cmq-sdk-go" };
const headers = { host: "ringback.example:8000", "content-type": "application/x-www-form-urlencoded" };

export const goCmqRequests: readonly (RecordedRequest & { readonly action: string })[] = [
  {
    ...sent,
    action: "SendMessage",
    method: "POST",
    url: "/",
    headers,
    body: "delaySeconds=0&clientRequestId=1942955373&queueName=orders&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Signature=k2RKgUxkgQffjOT7%2BlvRfn7kUd0%3D&RequestClient=SDK_GO_1.2.0&msgBody=%E4%B8%AD%E6%96%87+a%3D1%26b%3D2%2B3%2520+%22q%22+%40+_x_+%09%0D%0A+%F0%9F%98%80&Action=SendMessage&Timestamp=1795318922&SignatureMethod=HmacSHA1&Nonce=3718334796",
  },
  {
    ...sent,
    action: "SendMessage",
    method: "POST",
    url: "/",
    headers,
    body: "SignatureMethod=HmacSHA1&Timestamp=1795318922&delaySeconds=0&Signature=6fWuPfgpGo6Hbad%2ByfMDAPy7hps%3D&RequestClient=SDK_GO_1.2.0&clientRequestId=1303098497&Action=SendMessage&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&queueName=orders&Nonce=609005468&msgBody=%40file",
  },
  {
    ...sent,
    action: "BatchSendMessage",
    method: "POST",
    url: "/",
    headers,
    body: "clientRequestId=3572131280&RequestClient=SDK_GO_1.2.0&Signature=Q0w5BKzPMkZNUQzSsoC4EhTBcb4%3D&msgBody.0=a&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Nonce=2269380278&Action=BatchSendMessage&SignatureMethod=HmacSHA1&msgBody.1=%E4%B8%AD%E6%96%87+a%3D1%26b%3D2%2B3%2520+%22q%22+%40+_x_+%09%0D%0A+%F0%9F%98%80&Timestamp=1795318922&queueName=orders&delaySeconds=0",
  },
  {
    ...sent,
    action: "ReceiveMessage",
    method: "POST",
    url: "/",
    headers,
    body: "Signature=xrXvUQrEve4r4wElhl1GyN69o4c%3D&SignatureMethod=HmacSHA1&pollingWaitSeconds=3&Action=ReceiveMessage&RequestClient=SDK_GO_1.2.0&Timestamp=1795318922&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&queueName=orders&Nonce=1003500358&clientRequestId=2229621088",
  },
  {
    ...sent,
    action: "BatchReceiveMessage",
    method: "POST",
    url: "/",
    headers,
    body: "numOfMsg=16&Timestamp=1795318922&pollingWaitSeconds=3&Signature=CkHDVUXPtrdsGI1OCkt4QIGzhr8%3D&SignatureMethod=HmacSHA1&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&queueName=orders&RequestClient=SDK_GO_1.2.0&Nonce=1090899111&Action=BatchReceiveMessage&clientRequestId=3040019196",
  },
  {
    ...sent,
    action: "DeleteMessage",
    method: "POST",
    url: "/",
    headers,
    body: "RequestClient=SDK_GO_1.2.0&Action=DeleteMessage&clientRequestId=3636048988&Timestamp=1795318922&Nonce=1249418419&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Signature=QmtxuNM4g1o8sLRweFjyesPaiws%3D&queueName=orders&receiptHandle=never-issued&SignatureMethod=HmacSHA1",
  },
  {
    ...sent,
    action: "BatchDeleteMessage",
    method: "POST",
    url: "/",
    headers,
    body: "SignatureMethod=HmacSHA1&Nonce=1612602181&queueName=orders&RequestClient=SDK_GO_1.2.0&receiptHandle.1=nor-this&clientRequestId=2018579976&Timestamp=1795318922&Action=BatchDeleteMessage&receiptHandle.0=never-issued&Signature=Gx6P2k0piWooJxGsq81BGTnnHbY%3D&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
  },
  {
    ...sent,
    action: "PublishMessage",
    method: "POST",
    url: "/",
    headers,
    body: "SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Nonce=65066625&RequestClient=SDK_GO_1.2.0&Action=PublishMessage&SignatureMethod=HmacSHA1&Signature=C3fqL5%2FtDQ6o40fxi5%2BrnJzmn1I%3D&topicName=prices&Timestamp=1795318922&msgTag.1=b&msgTag.0=a&msgBody=%E4%B8%AD%E6%96%87+a%3D1%26b%3D2%2B3%2520+%22q%22+%40+_x_+%09%0D%0A+%F0%9F%98%80&clientRequestId=1428444401",
  },
  {
    ...sent,
    action: "BatchPublishMessage",
    method: "POST",
    url: "/",
    headers,
    body: "RequestClient=SDK_GO_1.2.0&Timestamp=1795318922&Action=BatchPublishMessage&topicName=prices&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&SignatureMethod=HmacSHA1&Signature=MjQu7NJtFlwSaAoMVMESgVLfjI8%3D&msgBody.0=x&Nonce=2185560420&clientRequestId=1921675215&msgBody.1=y&msgTag.0=a",
  },
  {
    ...sent,
    action: "SendMessage",
    method: "POST",
    url: "/",
    headers,
    body: "msgBody=%E4%B8%AD%E6%96%87+a%3D1%26b%3D2%2B3%2520+%22q%22+%40+_x_+%09%0D%0A+%F0%9F%98%80&Nonce=3800466732&Timestamp=1795318922&Signature=I59Q2dH1wMDlHljvpUppmhPhBZesSEmBPWeFq%2F0gcTo%3D&clientRequestId=4285963831&RequestClient=SDK_GO_1.2.0&SignatureMethod=HmacSHA256&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&delaySeconds=0&Action=SendMessage&queueName=orders",
  },
  {
    ...sent,
    action: "SendMessage",
    method: "GET",
    url: "/?Action=SendMessage&Nonce=1896407074&RequestClient=SDK_GO_1.2.0&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Signature=Od3AHClyDI%2FosJihvpTNJJ5GUzQ%3D&SignatureMethod=HmacSHA1&Timestamp=1795318922&clientRequestId=915873307&delaySeconds=0&msgBody=%E4%B8%AD%E6%96%87+a%3D1%26b%3D2%2B3%2520+%22q%22+%40+_x_+%09%0D%0A+%F0%9F%98%80&queueName=orders",
    headers,
    body: "",
  },
  {
    ...sent,
    action: "SendMessage",
    method: "GET",
    url: "/?Action=SendMessage&Nonce=41125321&RequestClient=SDK_GO_1.2.0&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Signature=3nZHQptlyCyEEsYA4MxywtS2xqFqUUC%2BALyDAF5lLws%3D&SignatureMethod=HmacSHA256&Timestamp=1795318922&clientRequestId=1109293664&delaySeconds=0&msgBody=%E4%B8%AD%E6%96%87+a%3D1%26b%3D2%2B3%2520+%22q%22+%40+_x_+%09%0D%0A+%F0%9F%98%80&queueName=orders",
    headers,
    body: "",
  },
];
