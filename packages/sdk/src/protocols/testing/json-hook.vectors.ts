/** A call and its replies in the JSON hook dialect, byte for byte. */

export const request = `POST /cgi HTTP/1.1
Content-Type: application/json
ringback-request-id: 0194-a

{"order":7,"名":"Zoë"}`;

export const fullReply =
  '{"action":"continue","data":{"order":8,"discount":0.5},"attachments":[' +
  '{"kind":"image","contentType":"image/png","filename":"dot.png","bodyBase64":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElFTkSuQmCC"},' +
  '{"kind":"text","contentType":"text/plain","filename":null,"bodyBase64":"5L2g5aW9"},' +
  '{"kind":"file","contentType":"text/csv","filename":"报告.csv","bodyBase64":"MSwy"}]}';

export const rejection = '{"action":"reject","reason":"库存不足","data":{"left":0}}';

export const problem =
  '{"type":"about:blank","title":"Forbidden","status":403,"detail":"Your plan does not allow this."}';
