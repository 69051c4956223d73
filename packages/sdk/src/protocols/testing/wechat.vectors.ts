/**
 * A text message in a group, byte for byte. Its members and its 22-digit `msgSvrID` are those of the API's
 * descriptions. White space, member order and escapes are the publisher's.
 */
export const textPush = String.raw`POST /weixinCallback HTTP/1.1
Content-Type: application/json

{"pushType": 1, "pushTime": 1665206058, "type": 1001,
 "data": {"from": "filehelper", "to": "wxid_0", "type": 1, "content": "wxid_1:\n\u4f60\u597d 😀",
  "msgSvrID": 1234567890123456789012, "reversed1": "<msgsource/>", "createtime": 1665206057,
  "isChatroomMsg": 1, "isSender": 0, "syncFromMobile": false, "chatroomMemberInfo": null,
  "talkerInfo": {"alias": "", "nickName": "File \/ Helper", "type": 3, "userName": "filehelper", "verifyFlag": 0.10}},
 "robot": {"alias": "", "isLogin": true, "nickName": "me", "pid": 9007199254740993, "port": 8000, "userName": "wxid_0"}}`;

/** An object without known members, which is a valid push. */
export const barePush = `POST /weixinCallback HTTP/1.1
Content-Type: application/json

{}`;
