/**
 * Hosts of URLs that an attacker would try, to reach addresses that a server with `allowPrivateNetworks: false` must
 * not connect to. The spellings are made by arithmetic and do not use the code under test.
 */

const v4Addresses = [
  "127.0.0.1", // loopback
  "127.255.255.254",
  "0.0.0.0", // this machine
  "10.0.0.1", // RFC 1918
  "172.16.0.1",
  "192.168.1.1",
  "169.254.169.254", // metadata services
  "100.64.0.1", // carrier-grade NAT
  "198.18.0.1", // benchmarking
  "224.0.0.1", // multicast
  "255.255.255.255", // broadcast
];

/** Spelled in one or two forms only. */
const moreV4Addresses = [
  "0.255.255.255",
  "10.255.255.255",
  "100.100.100.200",
  "100.127.255.255",
  "168.63.129.16",
  "169.254.0.1",
  "169.254.0.23",
  "169.254.42.42",
  "169.254.170.2",
  "169.254.170.23",
  "172.31.255.255",
  "192.0.0.192",
  "192.0.2.1",
  "192.88.99.1",
  "198.19.255.255",
  "198.51.100.1",
  "203.0.113.1",
  "239.255.255.250",
  "240.0.0.1",
];

const v6Hosts = [
  "[::1]",
  "[0:0:0:0:0:0:0:1]",
  "[0000:0000:0000:0000:0000:0000:0000:0001]",
  "[::0.0.0.1]",
  "[::0:0001]",
  "[::]",
  "[0::0]",
  "[::ffff:0:0]",
  "[fd00:ec2::254]",
  "[FD00:0EC2::0254]",
  "[fd00:ec2::23]",
  "[fd20:ce::254]",
  "[fd00:42::42]",
  "[fd00:c1::a9fe:a9fe]",
  "[fe80::a9fe:a9fe]",
  "[fc00::1]",
  "[fdff:ffff::1]",
  "[fe80::1]",
  "[febf::1]",
  "[fec0::1]",
  "[ff02::1]",
  "[ff0e::1]",
  "[100::1]",
  "[64:ff9b:1::1]",
  "[2001::1]",
  "[2001:2::1]",
  "[2001:10::1]",
  "[2001:20::1]",
  "[2001:db8::1]",
  "[3fff::1]",
  "[4000::1]",
  "[5f00::1]",
  "[64:ff9b::]",
  "[0064:FF9B:0:0:0:0:7F00:0001]",
];

const localhostNames = [
  "localhost",
  "LOCALHOST",
  "LocalHost",
  "localhost.",
  "a.localhost",
  "A.B.LOCALHOST.",
  "127.0.0.1.localhost",
  "loc%61lhost",
  "%6c%6f%63%61%6c%68%6f%73%74",
  "ｌｏｃａｌｈｏｓｔ",
  "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
  "lo\u00adcalhost",
  "lo\u200bcalhost",
  "localhost。",
];

/** Hosts that always mean an address which must not be reached, in all spellings that URL parsers accept. */
export const literalHosts: readonly string[] = [
  ...new Set([
    ...v4Addresses.flatMap(spellings),
    ...moreV4Addresses.flatMap((text) => [text, `[::ffff:${text}]`]),
    ...v6Hosts,
    ...localhostNames,
  ]),
];

/** URLs that no part of the server may accept, whatever they mean to another parser. */
export function malformedUrls(port: number): readonly string[] {
  return [
    `http://127.0.0.1:${port}@example.com/`,
    `http://example.com@127.0.0.1:${port}/`,
    `http://example.com:80@127.0.0.1:${port}/`,
    `http://@127.0.0.1:${port}/#@`,
    `http://example.com#@127.0.0.1:${port}/`,
    `http://example.com\\@127.0.0.1:${port}/`,
    `http:\\\\127.0.0.1:${port}\\`,
    `http:127.0.0.1:${port}/`,
    `http:/127.0.0.1:${port}/`,
    `http:///127.0.0.1:${port}/`,
    `//127.0.0.1:${port}/`,
    `127.0.0.1:${port}/`,
    `http://127.0.\t0.1:${port}/`,
    `http://127.0.0.1\n:${port}/`,
    ` http://127.0.0.1:${port}/`,
    `http://127.0.0.1 :${port}/`,
    `http://[fe80::1%25lo]:${port}/`,
    `http://[fe80::1%lo]:${port}/`,
    `http://[::1%25lo]:${port}/`,
    `http://[::1:${port}/`,
    `http://::1:${port}/`,
    `http://[127.0.0.1]:${port}/`,
    `http://[::ffff:0x7f.1]:${port}/`,
    `http://[::ffff:127.1]:${port}/`,
    `http://127.0.0.1%00.example.com:${port}/`,
    `http://127.0.0.256:${port}/`,
    `http://4294967296:${port}/`,
    `http://1.127.0.0.1:${port}/`,
    `http://127.0.0.1:${port}:80/`,
    `http://127.0.0.1:0/`,
    `http://127.0.0.1:65536/`,
    `file:///etc/passwd`,
    `ftp://127.0.0.1:${port}/`,
    `gopher://127.0.0.1:${port}/_x`,
    `unix:/var/run/docker.sock`,
    `http+unix://%2Fvar%2Frun%2Fdocker.sock/`,
    `data:text/plain,x`,
    `javascript:alert(1)`,
  ];
}

/**
 * Host names with the resolver's answers, one for each lookup; the last answer is repeated. Every name has an address
 * that must not be reached.
 */
export const hostileNames: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "loopback.test": [["127.0.0.1"]],
  "loopback6.test": [["::1"]],
  "mapped.test": [["::ffff:127.0.0.1"]],
  "any.test": [["0.0.0.0"]],
  "any6.test": [["::"]],
  "private.test": [["10.0.0.1"]],
  "metadata.test": [["169.254.169.254"]],
  "metadata6.test": [["fd00:ec2::254"]],
  "nat64.test": [["64:ff9b::7f00:1"]],
  "compatible.test": [["::7f00:1"]],
  "zone.test": [["fe80::1%lo"]],
  "public-first.test": [["1.1.1.1", "127.0.0.1"]],
  "private-first.test": [["127.0.0.1", "1.1.1.1"]],
  "families.test": [["1.1.1.1", "::1"]],
  "strange.test": [["127.1"], ["localhost"], ["0x7f.1"], ["[::1]"], [""]],
  // The names of hosts files and of services that return the address inside the name.
  "localhost.localdomain": [["127.0.0.1"]],
  "ip6-localhost": [["::1"]],
  "127.0.0.1..": [["127.0.0.1"]],
  "localhost..": [["127.0.0.1"]],
  "127.0.0.1.nip.test": [["127.0.0.1"]],
  "xn--127-.test": [["127.0.0.1"]],
};

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function octal(value: number): string {
  return `0${value.toString(8)}`;
}

/** Four hexadecimal digits of an IPv6 address. */
function group(high: number, low: number): string {
  return (high * 256 + low).toString(16);
}

function spellings(address: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
  const bytes = [a, b, c, d];
  const number = ((a * 256 + b) * 256 + c) * 256 + d;
  const groups = `${group(a, b)}:${group(c, d)}`;
  const characters = (digit: (value: number) => string) => address.replace(/\d/g, (text) => digit(Number(text)));
  return [
    address,
    String(number),
    hex(number),
    hex(number).toUpperCase(),
    octal(number),
    `00000${octal(number)}`,
    bytes.map(hex).join("."),
    bytes.map(octal).join("."),
    bytes.map((value) => `0000${value.toString(8)}`).join("."),
    [hex(a), octal(b), c, hex(d)].join("."),
    `${a}.${(b * 256 + c) * 256 + d}`,
    `${hex(a)}.${octal((b * 256 + c) * 256 + d)}`,
    `${a}.${b}.${c * 256 + d}`,
    `${address}.`,
    `${number}.`,
    address.replaceAll(".", "%2e"),
    Array.from(address, (character) => `%${character.charCodeAt(0).toString(16)}`).join(""),
    characters((value) => String.fromCodePoint(0xff10 + value)),
    characters((value) => String.fromCodePoint(value === 0 ? 0x24ea : 0x2460 + value - 1)),
    characters((value) => String.fromCodePoint(0x1d7ce + value)),
    address.replaceAll(".", "。"),
    address.replaceAll(".", "．"),
    address.replaceAll(".", "\u00ad."),
    `[::ffff:${address}]`,
    `[::FFFF:${groups.toUpperCase()}]`,
    `[0:0:0:0:0:ffff:${groups}]`,
    `[::${address}]`,
    `[::${groups}]`,
    `[::ffff:0:${address}]`,
    `[64:ff9b::${address}]`,
    `[64:ff9b::${groups}]`,
    `[64:ff9b:1::${address}]`,
    `[2002:${groups}::1]`,
    `[2001:0:${groups}::1]`,
    `[2001:0:4136:e378:8000:63bf:${group(255 - a, 255 - b)}:${group(255 - c, 255 - d)}]`,
  ];
}
