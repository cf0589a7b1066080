/** SAML answers that are not to be believed: none of them signs anybody in. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { uncounted } from "../../test/support/guard.ts"
import { errorOf } from "../../test/support/oidc-issuer.ts"
import { Person } from "../../test/support/people.ts"
import {
  answerTo,
  beginSaml,
  deliver,
  makeTestSaml,
  post,
  type Said,
  type SamlForging,
} from "../../test/support/saml-issuer.ts"
import { defineBackend, entity, signedIn, text } from "../index.ts"

const Note = entity("Note", { fields: { body: text() } })
Note.access(() => ({ read: signedIn }))

const one = makeTestSaml("one")
const two = makeTestSaml("two")

let backend: TestBackend
beforeAll(async () => {
  const saml = {
    one: { ...one.setting, domains: ["one.example"], signUp: true },
    two: { ...two.setting, domains: ["two.example"], signUp: true },
  }
  backend = await startTestBackend(defineBackend({ name: "notes", model: [Note], accounts: { saml } }), {
    secret: "a secret of at least thirty-two bytes",
  })
})
afterAll(() => backend?.stop())

const admin = "admin@one.example"
const whole = /<saml:Assertion .*<\/saml:Assertion>/s
const theirSignature = /<Signature .*?<\/Signature>/s
/** Another assertion, about somebody else, without a signature. */
const evil = (xml: string): string =>
  whole
    .exec(xml)![0]
    .replace(theirSignature, "")
    .replace(/ID="[^"]+"/, 'ID="_evil"')
    .replace(/(<saml:NameID[^>]*>)[^<]*/, "$1subject-of-admin")
    .replace(/<saml:AttributeValue>[^<]*/, `<saml:AttributeValue>${admin}`)
const inside = (xml: string, where: string, what: string): string =>
  xml.replace(where, () => `${what}${where}`)
const change =
  (found: string | RegExp, by: string | ((found: string) => string)): ((xml: string) => string) =>
  (xml) => {
    const changed = xml.replace(found, by as string)
    if (changed === xml) throw new Error("nothing was forged")
    return changed
  }
const said = (what: Said): SamlForging => ({ said: what })
const after = (forge: (xml: string) => string): SamlForging => ({ after: forge })
const before = (forge: (xml: string) => string): SamlForging => ({ before: forge })
const sha1 = "http://www.w3.org/2000/09/xmldsig#"
const time = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString()
const bearer = /<saml:SubjectConfirmation .*<\/saml:SubjectConfirmation>/s

/** What is forged, and as what it is refused. */
const forged: Readonly<Record<string, readonly [SamlForging, string]>> = {
  // Signatures.
  unsigned: [{ signs: [] }, "not_signed"],
  "the response signed, and not the assertion": [{ signs: ["Response"] }, "not_signed"],
  "by another key": [{ key: two.privateKey }, "wrong_signature"],
  "with SHA-1": [{ algorithm: `${sha1}rsa-sha1` }, "weak_signature"],
  "with a digest by SHA-1": [{ digest: `${sha1}sha1` }, "weak_signature"],
  "with a shared secret (CVE-2026-22817)": [after(change(/rsa-sha256"/, 'hmac-sha256"')), "weak_signature"],
  "changed after it was signed (CVE-2025-54369)": [
    after(change(/(<saml:NameID[^>]*>)[^<]*/, "$1admin")),
    "wrong_signature",
  ],
  "an attribute changed (CVE-2025-54419)": [
    after(change(/<saml:AttributeValue>[^<]*/, `<saml:AttributeValue>${admin}`)),
    "wrong_signature",
  ],
  "audience changed after it was signed": [
    after(change(/<saml:Audience>/, "<saml:Audience>x")),
    "wrong_signature",
  ],
  "the signature's value gone": [
    after(change(/<SignatureValue>[^<]*/, "<SignatureValue>")),
    "wrong_signature",
  ],
  "a response's signature that is wrong, around an assertion's that is right": [
    { signs: ["Assertion", "Response"], after: change("<samlp:Status>", '<samlp:Status ID="_s">') },
    "wrong_signature",
  ],
  "two SignedInfo (CVE-2025-29774)": [
    after(change(/<SignedInfo>.*<\/SignedInfo>/s, (info) => `${info}${info}`)),
    "odd_signature",
  ],
  "a comment in the digest (CVE-2025-29775)": [
    after(change(/<DigestValue>/, "<DigestValue><!--x-->")),
    "odd_form",
  ],
  "a transform more": [
    after(
      change(
        /<Transforms>/,
        '<Transforms><Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/>',
      ),
    ),
    "odd_signature",
  ],
  "a reference to the whole document": [after(change(/URI="#[^"]+"/, 'URI=""')), "odd_signature"],
  "two references": [
    after(change(/<Reference .*<\/Reference>/s, (reference) => `${reference}${reference}`)),
    "odd_signature",
  ],
  "the signature twice": [after(change(theirSignature, (found) => `${found}${found}`)), "odd_signature"],

  // Wrapping: what is signed is there, and something else is read.
  "wrapped: another assertion before the signed one": [
    after((xml) => inside(xml, "<saml:Assertion ", evil(xml))),
    "odd_form",
  ],
  "wrapped: another assertion behind the signed one": [
    after((xml) => inside(xml, "</samlp:Response>", evil(xml))),
    "odd_form",
  ],
  "wrapped: the signed one in extensions": [
    after((xml) => {
      const signed = whole.exec(xml)![0]
      return xml
        .replace(whole, evil(xml))
        .replace("<samlp:Status>", () => `<samlp:Extensions>${signed}</samlp:Extensions><samlp:Status>`)
    }),
    "odd_form",
  ],
  "wrapped: the signed one within the other's signature": [
    after((xml) => {
      const signed = whole.exec(xml)![0]
      const signature = theirSignature.exec(signed)![0]
      const holder = signature.replace(
        "</Signature>",
        () => `<Object>${signed.replace(theirSignature, "")}</Object></Signature>`,
      )
      return xml.replace(whole, () => evil(xml).replace("<saml:Subject>", () => `${holder}<saml:Subject>`))
    }),
    "odd_form",
  ],
  "wrapped: the signed one within the other": [
    after((xml) =>
      xml.replace(whole, (signed) =>
        evil(xml).replace("</saml:Assertion>", () => `${signed}</saml:Assertion>`),
      ),
    ),
    "odd_form",
  ],
  "wrapped: the response in another": [
    after((xml) => {
      const id = /ID="[^"]+"/.exec(xml)![0]
      return xml
        .replace(whole, evil(xml))
        .replace(id, 'ID="_outer"')
        .replace("</samlp:Response>", () => `<samlp:Extensions>${xml}</samlp:Extensions></samlp:Response>`)
    }),
    "odd_form",
  ],
  "wrapped: one ID for two": [
    after((xml) => {
      const id = /<saml:Assertion ID="([^"]+)"/.exec(xml)![1]!
      return inside(xml, "<samlp:Status>", `<samlp:Extensions ID="${id}"/>`)
    }),
    "odd_form",
  ],
  "wrapped: a signature of another element": [
    after((xml) => {
      const signature = theirSignature.exec(xml)![0]
      return xml.replace(theirSignature, "").replace("<saml:Subject>", () => `<saml:Subject>${signature}`)
    }),
    "odd_signature",
  ],
  "wrapped: an assertion of another name": [
    after((xml) =>
      inside(
        xml,
        "<saml:Assertion ",
        evil(xml)
          .replaceAll("saml:Assertion", "x:Assertion")
          .replace("<x:Assertion", '<x:Assertion xmlns:x="urn:x"'),
      ),
    ),
    "odd_form",
  ],
  "encrypted, which nobody here reads": [
    after(change(/<saml:Assertion /, "<saml:EncryptedAssertion/><saml:Assertion ")),
    "odd_form",
  ],

  // XML.
  "a comment in the name (CVE-2017-11428)": [after(change(/subject-of-/, "subject-of-<!---->")), "odd_form"],
  "a comment in the name, signed": [
    before(change(/subject-of-[^<]*/, "subject-of-admin<!---->.evil")),
    "odd_form",
  ],
  "a part of the name as CDATA": [before(change(/subject-of-/, "<![CDATA[subject]]>")), "odd_form"],
  "a document type": [after((xml) => `<!DOCTYPE x>${xml}`), "odd_form"],
  "an entity": [
    after(
      (xml) =>
        `<!DOCTYPE x [<!ENTITY e "${"x".repeat(50)}">]>${xml.replace("<samlp:Status>", "<samlp:Status>&e;")}`,
    ),
    "odd_form",
  ],
  "an entity from elsewhere": [
    after((xml) => `<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:1/x">]>${xml}`),
    "odd_form",
  ],
  "an entity that nobody declared": [after(change("<samlp:Status>", "<samlp:Status>&e;")), "odd_form"],
  "a stylesheet": [after((xml) => `<?xml-stylesheet href="x"?>${xml}`), "odd_form"],
  "not whole": [after((xml) => xml.slice(0, -10)), "odd_form"],
  "two documents": [after((xml) => `${xml}${xml}`), "odd_form"],
  "an attribute twice": [after(change('Version="2.0"', 'Version="2.0" Version="2.0"')), "odd_form"],
  "no SAML": [after(() => "<html/>"), "not_a_response"],
  "no XML": [after(() => "nothing"), "odd_form"],
  "too deep": [
    after(change("<samlp:Status>", `${"<a>".repeat(99)}${"</a>".repeat(99)}<samlp:Status>`)),
    "answer_too_large",
  ],
  "too many parts": [
    after(change("<samlp:Status>", `${"<a/>".repeat(2000)}<samlp:Status>`)),
    "answer_too_large",
  ],
  "too many attributes": [
    after(
      change(
        "<samlp:Status>",
        `<samlp:Status ${Array.from({ length: 3000 }, (_, i) => `a${i}=""`).join(" ")}>`,
      ),
    ),
    "answer_too_large",
  ],

  // What is signed, but not for here, now and this.
  "another provider's name": [said({ issuer: two.setting.issuer }), "wrong_issuer"],
  "another provider's name in the assertion alone": [
    before(change(/(<saml:Assertion.*?<saml:Issuer>)[^<]*/s, `$1${two.setting.issuer}`)),
    "wrong_issuer",
  ],
  "for another backend": [said({ audience: "https://other.example" }), "wrong_audience"],
  "for a longer name": [said({ audience: "https://other.example/auth/saml/one/metadata" }), "wrong_audience"],
  "for anybody": [said({ audience: null }), "wrong_audience"],
  "to another address": [said({ recipient: "https://other.example/acs" }), "wrong_recipient"],
  "sent to another address": [said({ destination: "https://other.example/acs" }), "wrong_recipient"],
  "signed, and sent to nowhere": [
    { said: { destination: null }, signs: ["Assertion", "Response"] },
    "wrong_recipient",
  ],
  "confirmed to another request": [said({ confirmedTo: "_other" }), "wrong_request"],
  "to another request": [said({ request: "_other" }), "wrong_request"],
  "to none, and so without being asked": [before(change(/ InResponseTo="[^"]+"/g, "")), "wrong_request"],
  "confirmed to none": [
    before(change(/(SubjectConfirmationData [^>]*) InResponseTo="[^"]+"/, "$1")),
    "wrong_request",
  ],
  expired: [said({ until: -60 }), "wrong_time"],
  "not yet good": [said({ from: 120 }), "wrong_time"],
  "confirmed until before": [said({ confirmedUntil: -60 }), "wrong_time"],
  "confirmed for ever": [said({ confirmedUntil: null }), "wrong_time"],
  "good for ever": [before(change(/(<saml:Conditions[^>]*) NotOnOrAfter="[^"]+"/, "$1")), "wrong_time"],
  "an hour old": [
    before(change(/(<saml:Assertion[^>]*IssueInstant=")[^"]+/, `$1${time(-3600)}`)),
    "wrong_time",
  ],
  "a session that has ended": [
    before(change("<saml:AuthnStatement", `<saml:AuthnStatement SessionNotOnOrAfter="${time(-60)}"`)),
    "wrong_time",
  ],
  "without having signed in": [
    before(change(/<saml:AuthnStatement.*<\/saml:AuthnStatement>/s, "")),
    "not_authenticated",
  ],
  "confirmed by holding a key": [before(change("cm:bearer", "cm:holder-of-key")), "odd_form"],
  "confirmed twice": [before(change(bearer, (found) => `${found}${found}`)), "odd_form"],
  "not confirmed": [before(change(bearer, "")), "odd_form"],
  "a condition that nobody knows": [said({ condition: '<x:Only xmlns:x="urn:x"/>' }), "unknown_condition"],
  "no success": [said({ status: "urn:oasis:names:tc:SAML:2.0:status:Responder" }), "provider_error"],
  "an address as the name": [
    said({ format: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", subject: admin }),
    "name_id_not_persistent",
  ],
  "a name of the moment": [
    said({ format: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient" }),
    "name_id_not_persistent",
  ],
  "another backend's name of somebody": [
    before(change("<saml:NameID ", '<saml:NameID SPNameQualifier="urn:other" ')),
    "odd_name_id",
  ],
  "about nobody": [said({ subject: "" }), "odd_name_id"],
  "about two": [before(change(/<saml:NameID.*<\/saml:NameID>/s, (found) => `${found}${found}`)), "odd_form"],
  "of another domain": [said({ email: "admin@two.example" }), "domain_not_allowed"],
  "of a domain below": [said({ email: "admin@evil.one.example" }), "domain_not_allowed"],
  "of two domains": [said({ email: "admin@two.example@one.example" }), "email_not_found"],
}

let counter = 0
const somebody = (): Person => new Person(backend, `somebody${++counter}@one.example`)

test("an answer that is right signs in, or the others would prove nothing", async () => {
  for (const forging of [{}, { algorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" }]) {
    const person = somebody()
    await deliver(person, answerTo(one, await beginSaml(person), person, forging))
    expect(await person.isSignedIn()).toBe(true)
  }
})

test.each(Object.keys(forged))("TR-03161-3 Auth_21: an answer that is not believed: %s", async (what) => {
  const [forging, code] = forged[what]!
  const person = somebody()
  const answer = await uncounted(backend, async () =>
    deliver(person, answerTo(one, await beginSaml(person), person, forging)),
  )
  expect(errorOf(answer)).toBe(code)
  expect(person.session).toBeUndefined()
  expect(
    await backend.sql(`select 1 from accounts."user" where email = any($1)`, [[person.email, admin]]),
  ).toEqual([])
})

test("a whole answer of another provider is none of this one's", async () => {
  const person = somebody()
  const url = await beginSaml(person)
  const { fields } = answerTo(two, url, person)
  expect(errorOf(await deliver(person, { url: `${backend.url}/auth/saml/one/acs`, fields }))).toBe(
    "wrong_issuer",
  )
  expect(person.session).toBeUndefined()
})

test("TR-03161-3 Source_1: what is too large, sent twice or no form is not read", async () => {
  const person = somebody()
  const { url, fields } = answerTo(one, await beginSaml(person), person)
  const send = async (body: string, type: string = "application/x-www-form-urlencoded"): Promise<unknown> => {
    const answer = await fetch(url, { method: "POST", headers: { "content-type": type }, body })
    return [answer.status, ((await answer.json()) as { code: string }).code]
  }
  const form = new URLSearchParams(fields).toString()
  expect(await send(`${form}&x=${"y".repeat(700_000)}`)).toEqual([413, "ANSWER_TOO_LARGE"])
  expect(await send(`${form}&RelayState=x`)).toEqual([400, "NOT_AN_ANSWER"])
  expect(await send(`${form}&SAMLResponse=x`)).toEqual([400, "NOT_AN_ANSWER"])
  expect(await send("RelayState=x")).toEqual([400, "NOT_AN_ANSWER"])
  expect(await send(JSON.stringify(fields), "application/json")).toEqual([415, "NOT_A_FORM"])
  expect((await fetch(`${url}?${form}`)).status).toBe(404)
  const large = await post(url, { ...fields, SAMLResponse: "A".repeat(210_000) })
  expect(large.status).toBe(400)
})
