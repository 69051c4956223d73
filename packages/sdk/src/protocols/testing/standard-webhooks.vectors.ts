/**
 * A request with the signatures of three keys. The signatures of the shared secrets were computed with the
 * `standardwebhooks` package, the Ed25519 signature with OpenSSL. The key pair is the first of RFC 8032 section 7.1.
 */

export const oldSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
export const newSecret = "whsec_YSBzZWNvbmQgc2VjcmV0IG9mIDMyIGJ5dGVzLCBuZXc=";
export const privateKey =
  "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg==";
export const publicKey = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

export const signedRequest = `POST /cgi HTTP/1.1
Content-Type: application/json
User-Agent: Ringback/1
webhook-id: 6942316962
webhook-timestamp: 11203433
webhook-signature: v1,ryy8eJ4pnzz/lIvkC5tZzyLlxQc9Ea5lslKXO9MtI0k= v1,7OuBfHw1p3dGkulGLFVvgQ+BGir02E/6e7HDbDgVguM= v1a,8hxOY8gmHW/QdjbLpDVoi0vJv0sRtG+9qTK1c8nVAdH7hQijMUpEcV8dkTY7H17nuliSppjp1Dy+R8MiHbgXBQ==

{"id": 12345678901234567890}`;

/** The example in the tests of the reference libraries, signed with {@link oldSecret} and with Svix's header names. */
export const svixRequest = `POST /cgi HTTP/1.1
Content-Type: application/json
User-Agent: Svix-Webhooks/1.84.0
svix-id: msg_p5jXN8AQM9LWM0D4loKWxJek
svix-timestamp: 1614265330
svix-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=

{"test": 2432232314}`;
