/**
 * The samples of docs/guide/receiving-in-other-languages.md as programs, and the functions that run the samples of a
 * guide. A program of this file reads a line for each request
 * (secret, id, timestamp, signature and the body in base64, with tabs in between) and prints `true` or `false`.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

const exec = promisify(execFile);
const guides = new URL("../../../../docs/guide/", import.meta.url);
/** Kept, so that later runs need not compile the crates of Rust again. */
const installed = join(tmpdir(), "ringback-clients");

export interface Language {
  readonly name: string;
  /** The name of the guide's code block. */
  readonly block: string;
  /** A command that fails where the language is not installed. */
  readonly needs: readonly [tool: string, ...args: string[]];
  readonly file: string;
  /** The program, with SAMPLE in the place of the guide's code. */
  readonly program: string;
  /** Compiles the program if necessary, and runs it in its folder. */
  readonly command: readonly [tool: string, ...args: string[]];
  readonly others?: Readonly<Record<string, string>>;
  /** Installs the packages of the program. */
  readonly setup?: readonly [tool: string, ...args: string[]];
}

/** A program in Java. `answer` prints the answer to a line, whose values are in `values`. */
export function javaProgram(imported: string, answer: string): string {
  return `import static java.nio.charset.StandardCharsets.UTF_8;
import java.io.*;
import java.security.*;
import ${imported};
import java.util.*;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

class Main {
SAMPLE
    static Map<String, String> headers(String[] values, int from) {
        String[] names = {"webhook-id", "webhook-timestamp", "webhook-signature"};
        Map<String, String> headers = new HashMap<>();
        for (int at = 0; at < 3; at++) if (!values[at + from].isEmpty()) headers.put(names[at], values[at + from]);
        return headers;
    }

    public static void main(String[] args) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null; ) {
            String[] values = line.split("\\t", -1);
            ${answer}
        }
    }
}
`;
}

export const languages: readonly Language[] = [
  {
    name: "Python",
    block: "python",
    needs: ["python3", "--version"],
    file: "main.py",
    program: `SAMPLE
import sys
for line in sys.stdin:
    secret, *values, body = line.rstrip("\\n").split("\\t")
    names = ["webhook-id", "webhook-timestamp", "webhook-signature"]
    headers = {name: value for name, value in zip(names, values) if value}
    print("true" if verify(secret, headers, base64.b64decode(body)) else "false")
`,
    command: ["python3", "main.py"],
  },
  {
    name: "Go",
    block: "go",
    needs: ["go", "version"],
    file: "main.go",
    program: `package main

import (
	"bufio"
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
)

SAMPLE
func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		values := strings.Split(lines.Text(), "\\t")
		headers := http.Header{}
		for at, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
			if values[at+1] != "" {
				headers.Set(name, values[at+1])
			}
		}
		body, _ := base64.StdEncoding.DecodeString(values[4])
		fmt.Println(verify(values[0], headers, body))
	}
}
`,
    others: { "go.mod": "module verify\n\ngo 1.21\n" },
    command: ["go", "run", "."],
  },
  {
    name: "Java",
    block: "java",
    needs: ["javac", "-version"],
    file: "Main.java",
    program: javaProgram(
      "java.time.Instant",
      "System.out.println(verify(values[0], headers(values, 1), Base64.getDecoder().decode(values[4])));",
    ),
    command: ["java", "Main.java"],
  },
  {
    name: "PHP",
    block: "php",
    needs: ["php", "--version"],
    file: "main.php",
    program: `<?php
SAMPLE
while (($line = fgets(STDIN)) !== false) {
    [$secret, $id, $timestamp, $signature, $body] = explode("\\t", rtrim($line, "\\n"));
    $headers = ['webhook-id' => $id, 'webhook-timestamp' => $timestamp, 'webhook-signature' => $signature];
    echo verify($secret, array_filter($headers, 'strlen'), base64_decode($body)) ? "true\\n" : "false\\n";
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
  secret, id, timestamp, signature, body = line.split("\\t", -1)
  headers = { "webhook-id" => id, "webhook-timestamp" => timestamp, "webhook-signature" => signature }
  puts verify(secret, headers.reject { |_, value| value.empty? }, body.unpack1("m0"))
end
`,
    command: ["ruby", "main.rb"],
  },
  {
    name: "C#",
    block: "csharp",
    needs: ["dotnet", "--version"],
    file: "Program.cs",
    program: `using System.Globalization;
using System.Security.Cryptography;
using System.Text;

SAMPLE
string[] names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
for (var line = Console.ReadLine(); line != null; line = Console.ReadLine())
{
    var values = line.Split('\\t');
    var headers = names.Zip(values[1..4]).Where(pair => pair.Second != "").ToDictionary();
    Console.WriteLine(Verify(values[0], headers, Convert.FromBase64String(values[4])) ? "true" : "false");
}
`,
    others: {
      "verify.csproj": `<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><OutputType>Exe</OutputType>
<TargetFramework>net8.0</TargetFramework><RollForward>Major</RollForward><Nullable>enable</Nullable>
<ImplicitUsings>enable</ImplicitUsings></PropertyGroup></Project>`,
    },
    command: ["dotnet", "run"],
  },
  {
    name: "Rust",
    block: "rust",
    needs: ["cargo", "--version"],
    file: "src/main.rs",
    program: `use base64::prelude::{Engine, BASE64_STANDARD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

SAMPLE
fn main() {
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let values: Vec<&str> = line.split('\\t').collect();
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
        let headers = names.iter().zip(&values[1..4]).filter(|(_, value)| !value.is_empty());
        let headers: HashMap<String, String> = headers.map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let body = BASE64_STANDARD.decode(values[4]).unwrap();
        println!("{}", verify(values[0], &headers, &body).is_some());
    }
}
`,
    others: {
      "Cargo.toml": `[package]
name = "verify"
version = "0.0.0"
edition = "2021"

[dependencies]
base64 = "0.22"
hmac = "0.12"
sha2 = "0.10"
`,
    },
    command: ["cargo", "run", "--quiet"],
  },
];

export async function isMissing({ needs: [tool, ...args] }: Language): Promise<boolean> {
  return exec(tool, args).then(
    () => false,
    () => true,
  );
}

/**
 * Writes the program and runs it once without a request, so that it is compiled. Returns a function that returns what
 * the program prints for these lines, and throws with the program's errors.
 */
export async function prepared(
  language: Language,
  guide = "receiving-in-other-languages.md",
): Promise<(lines: readonly string[]) => Promise<readonly string[]>> {
  const folder = join(installed, guide, language.block);
  await mkdir(join(folder, "src"), { recursive: true });
  const sample = new RegExp(`^\`\`\`${language.block}\n([^]*?)^\`\`\`$`, "m").exec(
    await readFile(new URL(guide, guides), "utf8"),
  )?.[1];
  if (sample === undefined) throw new Error(`the guide has no code in ${language.name}`);
  const files = { ...language.others, [language.file]: language.program.replace("SAMPLE", () => sample) };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  if (language.setup !== undefined) await exec(language.setup[0], language.setup.slice(1), { cwd: folder });
  const [tool, ...args] = language.command;
  const run = async (lines: readonly string[]): Promise<readonly string[]> => {
    const child = spawn(tool, args, { cwd: folder, stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.on("error", () => undefined).end(lines.map((line) => `${line}\n`).join(""));
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    if (child.exitCode !== 0) throw new Error(`${language.name}: ${errors}`);
    return output.trimEnd().split("\n");
  };
  await run([]);
  return run;
}
