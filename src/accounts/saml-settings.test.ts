/** Settings that would believe whom they should not are refused at the start. */
import { expect, test } from "vitest"
import { makeCertificate } from "../../test/support/certificate.ts"
import type { OAuthSettings } from "./oauth-settings.ts"
import { checkSaml, type SamlProvider } from "./saml-settings.ts"

const { certificate, privateKey } = makeCertificate()
const other = makeCertificate()
const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString()
const organization = "11111111-2222-4333-8444-555555555555"
const one: SamlProvider = {
  name: "One",
  issuer: "urn:one",
  entryPoint: "https://one.example/sso",
  certificates: [certificate],
  domains: ["one.example"],
}
const oauth: OAuthSettings = {
  issuers: [
    {
      id: "there",
      name: "There",
      issuer: "https://there.example",
      clientId: "id",
      clientSecret: "secret",
      domains: ["there.example"],
    },
  ],
}
const refusal = expect.objectContaining({ code: "UC936" })

test("what is safe is taken", () => {
  const all = {
    one,
    two: {
      ...one,
      issuer: "urn:two",
      domains: ["two.example"],
      organization,
      key: { privateKey: pem, certificate },
    },
  }
  checkSaml(all, oauth, true)
  expect(() => checkSaml(all, oauth, false)).toThrow(refusal)
})

test.each<[string, Partial<SamlProvider>, string?]>([
  ["an id that is no path", {}, "a/b"],
  ["the id of passwords", {}, "credential"],
  ["a preset's id", {}, "google"],
  ["another provider's id", {}, "there"],
  ["no issuer", { issuer: "" }],
  ["an issuer with space", { issuer: "urn: one" }],
  ["an entry in the clear", { entryPoint: "http://one.example/sso" }],
  ["no certificate", { certificates: [] }],
  ["what is no certificate", { certificates: [pem] }],
  ["a short key", { certificates: [makeCertificate(1024).certificate] }],
  ["a key of another certificate", { key: { privateKey: pem, certificate: other.certificate } }],
  ["no domains", { domains: [] }],
  ["a domain in capitals", { domains: ["One.example"] }],
  ["a whole top level", { domains: ["example"] }],
  ["a domain of another", { domains: ["there.example"] }],
])("refused: %s", (_, change, id = "one") => {
  expect(() => checkSaml({ [id]: { ...one, ...change } }, oauth, true)).toThrow(refusal)
})

test("refused: two of the same name, whose people would be one another", () => {
  expect(() => checkSaml({ one, two: { ...one, domains: ["two.example"] } }, {}, true)).toThrow(refusal)
})
