/**
 * The samples of docs/guide/other-dialects-in-other-languages.md as programs. A program reads a line for each request:
 * the name of the function and its arguments, with tabs in between. Bytes are in base64. A program prints `true` or
 * `false`, and for `opencard` the decrypted bytes in base64 or `false`.
 */
import { javaProgram, type Language } from "./verifying-programs.ts";

/** Debian's Python, because Debian has packages for the libraries. `PYTHON` sets another one. */
const python = process.env["PYTHON"] ?? "/usr/bin/python3";

const javaAnswer = `switch (values[0]) {
                case "v1a" -> System.out.println(v1a(values[1], headers(values, 2), Base64.getDecoder().decode(values[5])));
                case "dingtalk" -> System.out.println(dingtalk(values[1], values[2], values[3]));
                case "feishu" -> System.out.println(feishu(values[1], values[2], values[3]));
                default -> {
                    try {
                        byte[] text = opencard(Base64.getDecoder().decode(values[1]), values[2]);
                        System.out.println(Base64.getEncoder().encodeToString(text));
                    } catch (ParseException | JOSEException refused) {
                        System.out.println(false);
                    }
                }
            }`;

export const languages: readonly Language[] = [
  {
    name: "Python",
    block: "python",
    needs: [python, "-c", "import cryptography, jwcrypto"],
    file: "main.py",
    program: `SAMPLE
import sys
from jwcrypto.common import JWException
for line in sys.stdin:
    name, *values = line.rstrip("\\n").split("\\t")
    if name == "v1a":
        names = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        answer = v1a(values[0], dict(zip(names, values[1:4])), base64.b64decode(values[4]))
    elif name == "opencard":
        try:
            answer = base64.b64encode(opencard(base64.b64decode(values[0]), values[1])).decode()
        except JWException:
            answer = False
    else:
        answer = (dingtalk if name == "dingtalk" else feishu)(*values)
    print("false" if answer is False else "true" if answer is True else answer)
`,
    command: [python, "main.py"],
  },
  {
    name: "Go",
    block: "go",
    needs: ["go", "version"],
    file: "main.go",
    program: `package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

SAMPLE
func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		values := strings.Split(lines.Text(), "\\t")
		switch values[0] {
		case "v1a":
			headers := http.Header{}
			for at, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
				headers.Set(name, values[at+2])
			}
			body, _ := base64.StdEncoding.DecodeString(values[5])
			fmt.Println(v1a(values[1], headers, body))
		case "dingtalk":
			fmt.Println(dingtalk(values[1], values[2], values[3]))
		case "feishu":
			fmt.Println(feishu(values[1], values[2], values[3]))
		default:
			key, _ := base64.StdEncoding.DecodeString(values[1])
			if text, err := opencard(key, values[2]); err != nil {
				fmt.Println(false)
			} else {
				fmt.Println(base64.StdEncoding.EncodeToString(text))
			}
		}
	}
}
`,
    others: { "go.mod": "module verify\n\ngo 1.24.0\n\nrequire github.com/go-jose/go-jose/v4 v4.1.3\n" },
    setup: ["go", "mod", "tidy"],
    command: ["go", "run", "."],
  },
  {
    name: "Java",
    block: "java",
    needs: ["mvn", "--version"],
    file: "Main.java",
    program: javaProgram("java.security.spec.X509EncodedKeySpec", javaAnswer).replace(
      "import java.util",
      "import com.nimbusds.jose.*;\nimport com.nimbusds.jose.crypto.AESDecrypter;\nimport java.text.ParseException;\nimport java.util",
    ),
    setup: [
      "mvn",
      "-q",
      "-B",
      "dependency:copy",
      "-Dartifact=com.nimbusds:nimbus-jose-jwt:10.0.2",
      "-DoutputDirectory=jars",
    ],
    command: ["java", "-cp", "jars/*", "Main.java"],
  },
  {
    name: "PHP",
    block: "php",
    needs: ["php", "-r", "sodium_crypto_sign_keypair(); openssl_get_cipher_methods();"],
    file: "main.php",
    program: `<?php
SAMPLE
while (($line = fgets(STDIN)) !== false) {
    $values = explode("\\t", rtrim($line, "\\n"));
    $name = array_shift($values);
    if ($name === 'v1a') {
        $names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
        $answer = v1a($values[0], array_combine($names, array_slice($values, 1, 3)), base64_decode($values[4]));
    } elseif ($name === 'opencard') {
        $text = opencard(base64_decode($values[0]), $values[1]);
        $answer = $text === null ? false : base64_encode($text);
    } else {
        $answer = $name === 'dingtalk' ? dingtalk(...$values) : feishu(...$values);
    }
    echo is_string($answer) ? $answer : var_export($answer, true), "\\n";
}
`,
    command: ["php", "main.php"],
  },
  {
    name: "Ruby",
    block: "ruby",
    needs: ["ruby", "--version"],
    file: "main.rb",
    program: `SAMPLE
STDIN.each_line(chomp: true) do |line|
  name, *values = line.split("\\t", -1)
  case name
  when "v1a"
    headers = %w[webhook-id webhook-timestamp webhook-signature].zip(values[1, 3]).to_h
    puts v1a(values[0], headers, values[4].unpack1("m0"))
  when "opencard"
    begin
      puts [opencard(values[0].unpack1("m0"), values[1])].pack("m0")
    rescue RuntimeError, ArgumentError, OpenSSL::Cipher::CipherError, NoMethodError
      puts false
    end
  when "dingtalk" then puts dingtalk(*values)
  else puts feishu(*values)
  end
end
`,
    command: ["ruby", "main.rb"],
  },
  {
    name: "Rust",
    block: "rust",
    needs: ["cargo", "--version"],
    file: "src/main.rs",
    program: `use aes::cipher::{block_padding::Pkcs7, BlockDecryptMut, KeyIvInit};
use aes::Aes128;
use aes_kw::KekAes128;
use base64::prelude::{Engine, BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

SAMPLE
fn main() {
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let values: Vec<&str> = line.split('\\t').collect();
        let answer = match values[0] {
            "v1a" => {
                let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
                let headers = names.iter().zip(&values[2..5]);
                let headers = headers.map(|(name, value)| (name.to_string(), value.to_string())).collect();
                v1a(values[1], &headers, &BASE64_STANDARD.decode(values[5]).unwrap())
            }
            "dingtalk" => dingtalk(values[1], values[2], values[3]),
            "feishu" => feishu(values[1], values[2], values[3]),
            _ => {
                let key = BASE64_STANDARD.decode(values[1]).unwrap().try_into().unwrap();
                let text = opencard(&key, values[2]).map(|text| BASE64_STANDARD.encode(text));
                println!("{}", text.unwrap_or("false".into()));
                continue;
            }
        };
        println!("{}", answer.is_some());
    }
}
`,
    others: {
      "Cargo.toml": `[package]
name = "verify"
version = "0.0.0"
edition = "2021"

[dependencies]
aes = "0.8"
aes-kw = { version = "0.2", features = ["alloc"] }
base64 = "0.22"
cbc = { version = "0.1", features = ["alloc"] }
ed25519-dalek = "2"
hmac = "0.12"
serde_json = "1"
sha2 = "0.10"
`,
    },
    command: ["cargo", "run", "--quiet"],
  },
];
