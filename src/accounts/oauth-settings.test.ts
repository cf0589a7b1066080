/** Settings that would believe whom they should not are refused at the start. */
import { expect, test } from "vitest"
import { checkOAuth, type OAuthSettings } from "./oauth-settings.ts"

const client = { clientId: "id", clientSecret: "secret" }
const one = { ...client, id: "one", name: "One", issuer: "https://one.example" }
const tenant = "11111111-2222-4333-8444-555555555555"

test("what is safe is taken", () => {
  const all: OAuthSettings = {
    google: client,
    github: client,
    microsoft: { ...client, tenant },
    apple: client,
    issuers: [
      one,
      {
        ...one,
        id: "two",
        issuer: "http://127.0.0.1:8080/realm",
        domains: ["two.example"],
        organization: tenant,
      },
    ],
  }
  checkOAuth(all, true)
  expect(() => checkOAuth(all, false)).toThrow(expect.objectContaining({ code: "UC935" }))
})

test.each<[string, OAuthSettings]>([
  ["an id that is no path", { issuers: [{ ...one, id: "a/b" }] }],
  ["the id of passwords", { issuers: [{ ...one, id: "credential" }] }],
  ["a preset's id", { issuers: [{ ...one, id: "google" }] }],
  ["an id twice", { issuers: [one, one] }],
  ["an issuer in the clear", { issuers: [{ ...one, issuer: "http://one.example" }] }],
  ["no address", { issuers: [{ ...one, issuer: "one.example" }] }],
  ["no secret", { google: { ...client, clientSecret: "" } }],
  ["no client", { github: { ...client, clientId: "" } }],
  ["anybody's tenant", { microsoft: { ...client, tenant: "common" } }],
  ["scopes without openid", { issuers: [{ ...one, scopes: ["email"] }] }],
  ["a domain in capitals", { issuers: [{ ...one, domains: ["One.example"] }] }],
  ["a whole top level", { issuers: [{ ...one, domains: ["example"] }] }],
  ["an organization that is anybody's", { issuers: [{ ...one, organization: tenant }] }],
  [
    "a domain of two",
    { google: { ...client, domains: ["a.example"] }, issuers: [{ ...one, domains: ["a.example"] }] },
  ],
])("refused: %s", (_, settings) => {
  expect(() => checkOAuth(settings, true)).toThrow(expect.objectContaining({ code: "UC935" }))
})
