/**
 * A self-signed certificate for receiver.test and 127.0.0.1, valid for a hundred years, and its key, which protects
 * nothing. Created with
 *
 *     openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 \
 *       -subj "/CN=Ringback test receiver" -addext "subjectAltName=DNS:receiver.test,IP:127.0.0.1" \
 *       -addext "basicConstraints=critical,CA:FALSE" -keyout key.pem -out cert.pem
 */
export const tlsFixture = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLR8b1ImGm0Ny/kJZ
so5m5aJanTqr5KwJZpmmnpnm842hRANCAAROl7ZJ/L0LkHqsJzJmiclqkMUdqKQt
g5tbmr3RZ0SGuIoMBROT/IyxxS9zgT6jDeHTL6jUw0gsjFZIK9SRUDvb
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBtzCCAVygAwIBAgIUffahkPbwJ6RxTziy+rf7jzdJa0UwCgYIKoZIzj0EAwIw
ITEfMB0GA1UEAwwWUmluZ2JhY2sgdGVzdCByZWNlaXZlcjAgFw0yNjExMjEyMjA5
NTNaGA8yMTI2MTAyODIyMDk1M1owITEfMB0GA1UEAwwWUmluZ2JhY2sgdGVzdCBy
ZWNlaXZlcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABE6Xtkn8vQuQeqwnMmaJ
yWqQxR2opC2Dm1uavdFnRIa4igwFE5P8jLHFL3OBPqMN4dMvqNTDSCyMVkgr1JFQ
O9ujcDBuMB0GA1UdDgQWBBQxZ85hKkKfndBO7fzJfEqRSb1sUDAfBgNVHSMEGDAW
gBQxZ85hKkKfndBO7fzJfEqRSb1sUDAeBgNVHREEFzAVgg1yZWNlaXZlci50ZXN0
hwR/AAABMAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0EAwIDSQAwRgIhAOZ8x3G6zANN
0zlVOt08JS4qoM6XrFAIfGAVnI7fCTX9AiEAwKQr8uxd3QdcymCbgEyeW8Pp3w/n
W/2D4k7smozk3VE=
-----END CERTIFICATE-----
`,
};
