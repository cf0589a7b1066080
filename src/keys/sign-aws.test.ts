/** What a signature covers; that it is right, the stand-ins of AWS KMS and of an object store check. */
import { expect, test } from "vitest"
import { signForAws } from "./sign-aws.ts"

test("a session token and every header that is given are sent, and signed", async () => {
  const headers = await signForAws(
    {
      method: "POST",
      url: new URL("https://kms.example.org/"),
      body: "{}",
      headers: { "x-amz-target": "TrentService.Encrypt" },
    },
    {
      service: "kms",
      region: "eu-central-1",
      accessKeyId: "AKIDEXAMPLE",
      secretAccessKey: "s3cret",
      sessionToken: "t0ken",
    },
  )
  expect(headers["x-amz-security-token"]).toBe("t0ken")
  const signed = /SignedHeaders=([^,]+),/.exec(headers["authorization"] ?? "")?.[1]?.split(";")
  expect(signed).toEqual(
    expect.arrayContaining(["host", "x-amz-date", "x-amz-security-token", "x-amz-target"]),
  )
  expect(JSON.stringify(headers)).not.toContain("s3cret")
})
