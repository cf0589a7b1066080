/** What stands in the source code: no secret, cryptography from a list of algorithms, and nothing that runs what was sent. */
import { Buffer } from "node:buffer"
import { type CallExpression, parseSync, Visitor } from "oxc-parser"
import { expect, test } from "vitest"
import { readFiles } from "../tools/tidy.ts"

/** All that is delivered or run; tests and fuzz harnesses have keys of their own making. */
const sources = new Map(
  [...readFiles()].filter(
    ([file]) =>
      /^(src|examples|docs|tools|bench)\/|^[^/]+$/.test(file) && !/\.test\.m?tsx?$|^package-lock/.test(file),
  ),
)
const code = new Map([...sources].filter(([file]) => /^src\/.*\.m?ts$/.test(file)))

const secretForms: readonly (readonly [string, RegExp])[] = [
  ["a private key", /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*[A-Za-z0-9+/]{20}/],
  ["a private JWK", /"(?:d|k)"\s*:\s*"[A-Za-z0-9_-]{30,}"/],
  [
    "a key of a cloud",
    /\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|sk_live_\w{16,}|xox[bp]-[\w-]{20,})/,
  ],
  ["a signed token", /\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,}/],
  [
    "a secret with its name",
    /\b\w*(?:secret|password|passphrase|apiKey|privateKey|token)\w*["']?\s*[:=]\s*["'`](?=[^"'`\s]*\d)[A-Za-z0-9+/=_-]{16,}["'`]/i,
  ],
  ["bytes that look like a key", /["'`](?:[0-9a-f]{64}|[0-9a-f]{32}|[A-Za-z0-9+/_-]{42,44}={0,2})["'`]/],
]

/** Long texts without a secret: letters that are chosen from, and words. */
function isHarmless(found: string): boolean {
  const text = found.slice(found.search(/["'`][^"'`]*["'`]$/) + 1, -1)
  return new Set(text).size === text.length || !/\d/.test(text) || /^0+$/.test(text)
}

function secretsIn(text: string): readonly string[] {
  return secretForms.flatMap(([name, form]) =>
    [...text.matchAll(new RegExp(form, `g${form.flags}`))]
      .filter(([found]) => !isHarmless(found))
      .map(() => name),
  )
}

test("TR-03161-3 Cryp_1: no key and no secret stands in the source code, and one that did would be found", () => {
  expect(sources.size).toBeGreaterThan(300)
  const found = [...sources].flatMap(([file, text]) => secretsIn(text).map((what) => `${file}: ${what}`))
  expect(found).toEqual([])
  const random = Buffer.from("7c1e52b0f9a84d6633e5a1c0de94b2f86b0a1177c3d2e4f59a8b6c7d0e1f2a3b", "hex")
  const planted: readonly (readonly [string, string])[] = [
    ["a private key", `-----BEGIN PRIVATE KEY-----\n${random.toString("base64")}`],
    ["a private JWK", `{"kty":"OKP","d":"${random.toString("base64url")}"}`],
    ["bytes that look like a key", `const key = "${random.toString("hex")}"`],
    ["bytes that look like a key", `use('${random.toString("base64")}')`],
    ["a secret with its name", `const clientSecret = "x${random.toString("hex").slice(0, 20)}"`],
    ["a key of a cloud", `"AKIA${"ABCD2345".repeat(2)}"`],
  ]
  for (const [what, text] of planted) expect(secretsIn(text)).toContain(what)
})

/** What the code may ask of a primitive, as BSI TR-02102-1 recommends; and where something else has a reason. */
const algorithms: Readonly<Record<string, string>> = {
  "createHash sha256": "",
  "hash sha256": "",
  "createHmac sha256": "",
  "createCipheriv aes-256-gcm": "",
  "createDecipheriv aes-256-gcm": "",
  "hkdfSync sha256": "",
  "pbkdf2Sync sha256": "SCRAM, as PostgreSQL keeps passwords of its logins (RFC 7677)",
  "generateKeyPairSync ed25519": "",
  "createHmac sha1":
    "RFC 6238: what apps for one-time codes compute; SHA-1 is not known to be weak in an HMAC",
  "createHash sha1": "the form in which lists of stolen passwords are published; nothing is protected by it",
}
const onlyIn: Readonly<Record<string, string>> = {
  "createHmac sha1": "src/accounts/totp.ts",
  "createHash sha1": "src/accounts/breached-passwords.ts",
  "pbkdf2Sync sha256": "src/store/scram.ts",
}
const primitives =
  /^(createHash|createHmac|createCipheriv|createDecipheriv|hkdfSync|hkdf|pbkdf2Sync|pbkdf2|scryptSync|scrypt|generateKeyPairSync|generateKeyPair|createSign|createVerify|createDiffieHellman|createECDH|hash)$/

/** Calls of primitives with what they are told to use; a constant of the same file counts as its text. */
function primitivesIn(file: string, text: string): readonly string[] {
  const [, names = ""] = /import \{([^}]*)\} from "node:crypto"/.exec(text) ?? []
  const imported = new Set(names.split(",").map((one) => one.trim()))
  const constants = new Map<string, string>()
  const calls: CallExpression[] = []
  new Visitor({
    VariableDeclarator({ id, init }) {
      if (id.type === "Identifier" && init?.type === "Literal" && typeof init.value === "string")
        constants.set(id.name, init.value)
    },
    CallExpression(node) {
      if (
        node.callee.type === "Identifier" &&
        primitives.test(node.callee.name) &&
        imported.has(node.callee.name)
      )
        calls.push(node)
    },
  }).visit(parseSync(file, text).program)
  return calls.map(({ callee, arguments: given }) => {
    const name = (callee as { name: string }).name
    const [at] = name.startsWith("pbkdf2") ? given.slice(4) : given
    const said =
      at?.type === "Literal"
        ? String(at.value)
        : at?.type === "Identifier"
          ? constants.get(at.name)
          : undefined
    return `${name} ${said ?? "something that is not said here"}`
  })
}

test("TR-03161-3 Cryp_3, ASVS 11.1.2, 11.2.3, 11.3.1, 11.3.2, 11.4.1, 11.4.3: algorithms are those of a list, each where it belongs", () => {
  const used = [...code].flatMap(([file, text]) =>
    /node:crypto/.test(text) ? primitivesIn(file, text).map((what) => ({ file, what })) : [],
  )
  expect(used.length).toBeGreaterThan(40)
  expect(used.filter(({ what }) => algorithms[what] === undefined)).toEqual([])
  expect(used.filter(({ what, file }) => onlyIn[what] !== undefined && onlyIn[what] !== file)).toEqual([])
  expect(Object.keys(algorithms).filter((what) => !used.some((one) => one.what === what))).toEqual([])
  const bad =
    'import { createHash, createCipheriv } from "node:crypto"; createHash("md5"); createCipheriv(mode, k, i)'
  expect(primitivesIn("a.ts", bad)).toEqual([
    "createHash md5",
    "createCipheriv something that is not said here",
  ])
})

/** Whose implementations are used: Node's (OpenSSL), and libraries that are made for it. */
const implementations = [
  "@better-auth/utils/otp",
  "@node-rs/argon2",
  "@node-saml/node-saml",
  "@smithy/signature-v4",
  "better-auth/crypto",
  "jose",
  "node:crypto",
]

test("TR-03161-3 Cryp_2, ASVS 11.2.1, 11.6.1: primitives come from implementations that are named, none from code of our own", () => {
  const asked = new Set<string>()
  for (const text of code.values())
    for (const [, from = ""] of text.matchAll(/(?:from|import\()\s*"((?:@[\w-]+\/|node:)?[\w./-]+)"/g))
      asked.add(from)
  const suspected = [...asked].filter(
    (one) =>
      !one.startsWith(".") &&
      /crypt|cipher|argon|bcrypt|scrypt|sodium|noble|forge|elliptic|jose|jsonwebtoken|jws|saml|sign|hmac|hash|sha\d|md5|otp|tweetnacl/i.test(
        one,
      ),
  )
  expect(suspected.toSorted()).toEqual(implementations)
})

/** Files that start programs, and which. */
const starters = {
  "src/cli/pinned-node.ts": "Node itself, of the version that the package brings",
  "src/cli/supervise.ts": "itself, again",
  "src/store/embedded-process.ts": "PostgreSQL's programs",
}

test("ASVS 1.2.5: programs are started by few files, never through a shell", () => {
  const found = [...code].filter(([, text]) => text.includes("node:child_process"))
  expect(found.map(([file]) => file).toSorted()).toEqual(Object.keys(starters))
  expect(
    found.filter(([, text]) => /\bexec(Sync)?\(|shell:\s*true/.test(text)).map(([file]) => file),
  ).toEqual([])
})

test("ASVS 1.3.2, 1.3.7: no code is made of texts, and there is no language of templates", () => {
  const made =
    /\beval\(|new Function\(|node:vm|setTimeout\(\s*["'`]|["'](handlebars|mustache|ejs|pug|nunjucks|eta)["']/
  const found = [...code].filter(([, text]) => made.test(text)).map(([file]) => file)
  expect(found).toEqual([])
  expect(made.test('eval("1")')).toBe(true)
})

/** Files that make regular expressions of texts: of the model's patterns, which authors write. */
const patterns = ["src/model/fields/text.ts", "src/openapi/sample-pattern.ts"]

test("ASVS 1.2.9: no regular expression is made of what was sent", () => {
  const found = [...code].filter(([, text]) => /\bRegExp\(/.test(text)).map(([file]) => file)
  expect(found.toSorted()).toEqual(patterns)
})
