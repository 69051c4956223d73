/**
 * Tokens that jwcrypto 1.1 created on Python 3.11. The key and the answers are those of the program in Baidu's
 * documentation. The plaintexts were written by jwcrypto's `json_encode`: members are sorted, and characters outside
 * ASCII are escaped.
 */

/** The bytes 0123456789abcdef. */
export const documentKey = { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZg" };

export const headerText = '{"alg":"A128KW","enc":"A128CBC-HS256","kid":"0","rid":"1547805433203-123456"}';

export const jwcryptoRequest = {
  plaintext: String.raw`{"intent":{"name":"\u6545\u5bab"},"location":{"city":"\u5317\u4eac\u5e02","province":"\u5317\u4eac\u5e02"},"srcid":"123","surface":"mobile","type":"sp_ala"}`,
  token:
    "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2Iiwia2lkIjoiMCIsInJpZCI6IjE1NDc4MDU0MzMyMDMtMTIzNDU2In0.6v639c9emr523ANqiW87WQFidROoEH-9gOTcz9g_0tqcsj0p0zhlBw.VyNOMjdTOPjBkpstem9LcA.wKP80S-7Sx3jWmpt5AaCiOQZfjRj_hERhrwiWi7gexw60zk3ViwrsCH0Kj20R4HZOWOi7BmTNB_vZRYB6KRSYYvksOeA4VtrWKw9wEnm3rSqyVtOKHZq_lwdOnJXg9VoarBBRVzQ4NAq_3aO7rm3tcYSP8HQwXsq2btbBiA-eqSI3EIASonmVUDG5MYv2P4PmQcQoz0B7AHKt7hXRTe8EQ.ZmrOiuBG23b30x8CXduWdA",
};

export const jwcryptoReply = {
  plaintext: String.raw`{"data":{"item_list":[{"title":"\u6545\u5bab\u535a\u7269\u9662"}],"jump_url":"/path/to/page3"},"msg":"","status":0}`,
  token:
    "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2Iiwia2lkIjoiMCIsInJpZCI6IjE1NDc4MDU0MzMyMDMtMTIzNDU2In0.IeXQ47vXXsHzDxpvhSUTuvJoGAXlASv3_wlIBeiesYOqfG99pd_0tQ.yKs24sfSmvbsBixF6B7nDA.3-QHiqLuIruZC_z0IZsuqAtcW8y9hEX4DJ1XAZtTQQEptL07kvLsBCd8FJ6sUDX-_45KRxGpZZAc002YYmhxbCLZvWBkzjT60qX8xGOwjk2ke33PEnOdL8p-1az-ow_QyjEhQEVO6jWGRPK5AKz8VJIvTrUSY3TIaMHhw3JFAp8.Kbbh_sv10fGuuJiMisaDyg",
};

export const jwcryptoRefusal = {
  plaintext: String.raw`{"msg":"Invalid srcid","status":2}`,
  token:
    "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2Iiwia2lkIjoiMCIsInJpZCI6IjE1NDc4MDU0MzMyMDMtMTIzNDU2In0.PB0kackR3OI03fEOXwj0XSLa_c3uHFeX65x-dAcQwp3VgTFfY8Ad5w.S3HJZAuHiyoZWs6kklVP4w.QxpobslmtGL5Y9YUEbYqLB0wrLXWvnFZ3Y_MK8A5oyukf8zaS9HJvBrLprmZZN0m.-GZM9gL_MHAEVMQvzMHP9g",
};
