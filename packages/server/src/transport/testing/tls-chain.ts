/**
 * Certificates for the faults that a TLS receiver can have, and their keys, which protect nothing. The root signs the
 * intermediate, which signs `leaf` for receiver.test. The root also signs `expired`. All are valid for a hundred years,
 * except `expired`, which ended before it began. Created with
 *
 *     ec="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
 *     openssl req -x509 $ec -days 36500 -subj "/CN=Ringback test root" -keyout root.key -out root.pem \
 *       -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign"
 *     openssl req $ec -subj "/CN=Ringback test intermediate" -keyout mid.key -out mid.csr
 *     printf "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n" > mid.ext
 *     openssl x509 -req -in mid.csr -CA root.pem -CAkey root.key -days 36500 -extfile mid.ext -out mid.pem
 *     openssl req $ec -subj "/CN=Ringback test receiver" -keyout leaf.key -out leaf.csr
 *     printf "basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:receiver.test\n" > leaf.ext
 *     openssl x509 -req -in leaf.csr -CA mid.pem -CAkey mid.key -days 36500 -extfile leaf.ext -out leaf.pem
 *     openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -days -1 -extfile leaf.ext -out expired.pem
 */
export const tlsChain = {
  root: `-----BEGIN CERTIFICATE-----
MIIBoTCCAUegAwIBAgIUUiLtxbCjaBM4lx+65EiDpORJHQMwCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSUmluZ2JhY2sgdGVzdCByb290MCAXDTI2MTEzMDAzNDI1MVoY
DzIxMjYxMTA2MDM0MjUxWjAdMRswGQYDVQQDDBJSaW5nYmFjayB0ZXN0IHJvb3Qw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATWTc/XdylP8xW4/qwWR9WBF37BoYLY
sMIosJMW+OM61d7eXWW4IRVbEDr+LoCOTt0TB/DmTZCdBqWfQADLbkxLo2MwYTAd
BgNVHQ4EFgQUFNv53M9wtRb169i+Tljyh2a1Xy4wHwYDVR0jBBgwFoAUFNv53M9w
tRb169i+Tljyh2a1Xy4wDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQw
CgYIKoZIzj0EAwIDSAAwRQIgZSmFnM/3Lf71NZni2tbeHzlq+6r50LledVwqJqST
RH4CIQCK/9s5bbtZRFBZckTbWKwosMkYA+fh/9+O9B+vbBglqw==
-----END CERTIFICATE-----
`,
  intermediate: `-----BEGIN CERTIFICATE-----
MIIBqTCCAU+gAwIBAgIUaxAVPByBxiqbSELZpM5Bih3gotYwCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSUmluZ2JhY2sgdGVzdCByb290MCAXDTI2MTEzMDAzNDI1MVoY
DzIxMjYxMTA2MDM0MjUxWjAlMSMwIQYDVQQDDBpSaW5nYmFjayB0ZXN0IGludGVy
bWVkaWF0ZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABExv0dgziHbH+ggrBUgv
/6Z4EbPbiGGouQoNMp1/K/jLlhBlDxqjQvPx7cvnsIKL3I0fF0mZdoB6BGb1x1fq
oSyjYzBhMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgIEMB0GA1UdDgQW
BBQIvBufuwZzm1jU0fzwasOKI2gPMDAfBgNVHSMEGDAWgBQU2/ncz3C1FvXr2L5O
WPKHZrVfLjAKBggqhkjOPQQDAgNIADBFAiEA/EMjNrg+7fLW1mG/c8cSQqXitOm1
S3tT0eG196vCJGcCIBCTG2p40tklBihMS9VHLRhGv59jl/oMzJw+erztxWw+
-----END CERTIFICATE-----
`,
  leaf: `-----BEGIN CERTIFICATE-----
MIIBszCCAVqgAwIBAgIUCBGZdGJSxDIsCN8GQyXt/TSZSp0wCgYIKoZIzj0EAwIw
JTEjMCEGA1UEAwwaUmluZ2JhY2sgdGVzdCBpbnRlcm1lZGlhdGUwIBcNMjYxMTMw
MDM0MjUyWhgPMjEyNjExMDYwMzQyNTJaMCExHzAdBgNVBAMMFlJpbmdiYWNrIHRl
c3QgcmVjZWl2ZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATjPUpe+ofiupUC
ic4fg2oovpZaAdyYwEDF6ptBioDe4j9pij4ui80Eb8z+/WIJBGwICBWJkAqzNDUz
hCkwv0Rjo2owaDAMBgNVHRMBAf8EAjAAMBgGA1UdEQQRMA+CDXJlY2VpdmVyLnRl
c3QwHQYDVR0OBBYEFOtxLCY1sxKocPFYOF+i1Rd2P3ifMB8GA1UdIwQYMBaAFAi8
G5+7BnObWNTR/PBqw4ojaA8wMAoGCCqGSM49BAMCA0cAMEQCICsAeHpjnraayEt5
gGWRTBi4wurzEyabnSeCTdd98qsqAiBW0A4vJJVzvcaqBfCbmrqIqAsVUXUQPi8v
8nwQ2DMSKQ==
-----END CERTIFICATE-----
`,
  expired: `-----BEGIN CERTIFICATE-----
MIIBqTCCAVCgAwIBAgIUNjhTCaDTiv+MgwHEa1OmZlv5S7AwCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSUmluZ2JhY2sgdGVzdCByb290MB4XDTI2MTEzMDAzNDQxN1oX
DTI2MTEyOTAzNDQxN1owITEfMB0GA1UEAwwWUmluZ2JhY2sgdGVzdCByZWNlaXZl
cjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOM9Sl76h+K6lQKJzh+Daii+lloB
3JjAQMXqm0GKgN7iP2mKPi6LzQRvzP79YgkEbAgIFYmQCrM0NTOEKTC/RGOjajBo
MAwGA1UdEwEB/wQCMAAwGAYDVR0RBBEwD4INcmVjZWl2ZXIudGVzdDAdBgNVHQ4E
FgQU63EsJjWzEqhw8Vg4X6LVF3Y/eJ8wHwYDVR0jBBgwFoAUFNv53M9wtRb169i+
Tljyh2a1Xy4wCgYIKoZIzj0EAwIDRwAwRAIgZ2W8+qEjeN9Hyd8aoCWxBNgDz0se
o/1FffJ034beCasCIF81h+psYi+eVmEb1kHae9aQ0p5kdxIP2ysY4TfSQrdl
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXTVQ0LbS1+zPuUT/
au/Q6hBLDaRTnfqKTCglqOBms7ahRANCAATjPUpe+ofiupUCic4fg2oovpZaAdyY
wEDF6ptBioDe4j9pij4ui80Eb8z+/WIJBGwICBWJkAqzNDUzhCkwv0Rj
-----END PRIVATE KEY-----
`,
};
