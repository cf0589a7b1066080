/** What was decrypted is found by its key and its whole text alone. */
import { createSecretKey, randomBytes } from "node:crypto"
import { expect, test } from "vitest"
import { OpenedValues } from "./opened-values.ts"

const [key, other] = [createSecretKey(randomBytes(32)), createSecretKey(randomBytes(32))]
const end = "the same twenty-four characters"

test("TR-03161-3 Data_1: a value is given for the key that opened it and the whole of what is stored", () => {
  const opened = new OpenedValues()
  opened.put(key, `Ward.note:1::${end}`, '"fine"')
  expect(opened.get(key, `Ward.note:1::${end}`)).toBe('"fine"')
  expect(opened.get(other, `Ward.note:1::${end}`)).toBeUndefined()
  expect(opened.get(key, `Ward.note:2::${end}`)).toBeUndefined()
})

test("what is kept has an end: it begins anew, and long values are left out", () => {
  const opened = new OpenedValues()
  opened.put(key, "long", "x".repeat(5000))
  expect(opened.get(key, "long")).toBeUndefined()
  const value = `"${"x".repeat(3900)}"`
  opened.put(key, "first", value)
  for (let at = 0; at < 8300; at++) opened.put(key, `${at}`, value)
  expect(opened.get(key, "first")).toBeUndefined()
  expect(opened.get(key, "8299")).toBe(value)
})
