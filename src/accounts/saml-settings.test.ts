/** Settings that would believe whom they should not are refused at the start. */
import { expect, test } from "vitest"
import { makeCertificate } from "../../test/support/certificate.ts"
import { makeTestSaml, metadataOf } from "../../test/support/saml-issuer.ts"
import type { OAuthSettings } from "./oauth-settings.ts"
import { readMetadata, type SamlPlace } from "./saml-metadata.ts"
import { checkSaml, type SamlRules } from "./saml-settings.ts"

const { certificate, privateKey } = makeCertificate()
const other = makeCertificate()
const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString()
const organization = "11111111-2222-4333-8444-555555555555"
const one: SamlRules & SamlPlace = {
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

test.each<[string, Partial<SamlRules & SamlPlace>, string?]>([
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

test("metadata says where a provider is; what is not the metadata of one is refused", () => {
  const there = makeTestSaml("there")
  const metadata = metadataOf(there)
  const { issuer, entryPoint, certificates } = there.setting
  expect(readMetadata(metadata)).toEqual({ issuer, entryPoint, certificates })
  const setting = { name: "One", domains: ["one.example"] }
  checkSaml({ one: { ...setting, metadata } }, {}, true)
  for (const bad of [
    "",
    "https://there.example/metadata",
    metadata.replace(":protocol", ":other"),
    metadata.replaceAll("EntityDescriptor", "EntitiesDescriptor"),
    metadata.replace("HTTP-Redirect", "SOAP"),
    metadata.replace('use="signing"', 'use="encryption"'),
    metadata.replace("-->", '--><!DOCTYPE x [<!ENTITY e "e">]>'),
  ])
    expect(() => checkSaml({ one: { ...setting, metadata: bad } }, {}, true)).toThrow(refusal)
})

test("refused: two of the same name, whose people would be one another", () => {
  expect(() => checkSaml({ one, two: { ...one, domains: ["two.example"] } }, {}, true)).toThrow(refusal)
})
