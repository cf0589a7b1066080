/** Where an answer here is meant to be another than PostgREST 12's, and why. */
import type { RecordedAnswer } from "./answer.ts"

const newer = "PostgREST 14 understands this"
const unknownTable = "PostgREST 14 answers so"
const acceptable = "PostgREST 14 answers 406, and has handlers for media types that are left out here"
const oneType = "an answer has one Content-Type; PostgREST 12 sends two"
const strict = "what is not in the grammar is refused; ignored, it would be answered with every row"
const csv =
  "RFC 4180: a backslash stands for itself, the header names the fields, and every line has all of them"
const restrict = "PostgreSQL 18 has a code of its own for this; earlier ones have 23503"
const orders = "orders given twice are one after the other; PostgREST heeds the first alone"
const views = "a view has the references that its fields are, and not yet the ways back of what it reads"

const list: readonly (readonly [why: string, answer: RecordedAnswer])[] = [
  [
    orders,
    {
      request: "GET products?select=name&order=amount&order=name.desc {}",
      status: 200,
      headers: { "content-type": "application/json; charset=utf-8", "content-range": "0-3/*" },
      body: [{ name: "Shirt" }, { name: "Mug" }, { name: "Laptop" }, { name: "Pen" }],
    },
  ],
  [
    newer,
    {
      request: "GET products?select=name,...filings(category)&order=id {}",
      status: 200,
      headers: { "content-type": "application/json; charset=utf-8", "content-range": "0-3/*" },
      body: [
        { name: "Laptop", category: [1] },
        { name: "Shirt", category: [2] },
        { name: "Mug", category: [1, 2] },
        { name: "Pen", category: [] },
      ],
    },
  ],
  [
    newer,
    {
      request: "GET messages?select=id,...channels(label:slug,...messages(id))&order=id {}",
      status: 200,
      headers: { "content-type": "application/json; charset=utf-8", "content-range": "0-3/*" },
      body: [
        { id: [1, 4], label: "public" },
        { id: [2, 3], label: "random" },
        { id: [2, 3], label: "random" },
        { id: [1, 4], label: "public" },
      ],
    },
  ],
  [
    newer,
    {
      request: "GET users?select=username&order=username&data=is.not_null {}",
      status: 200,
      headers: { "content-type": "application/json; charset=utf-8", "content-range": "0-1/*" },
      body: [{ username: "dragarcia" }, { username: "jsonuser" }],
    },
  ],
  [
    newer,
    {
      request:
        'PATCH products?amount=eq.10 {"content-type":"application/json","prefer":"handling=strict, max-affected=1"} {"sold":true}',
      status: 400,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST124" },
    },
  ],
  [
    newer,
    {
      request:
        'PATCH products?amount=eq.10 {"content-type":"application/json","prefer":"handling=strict, max-affected=2"} {"sold":true}',
      status: 204,
      headers: { "content-range": "0-1/*", "preference-applied": "handling=strict, max-affected=2" },
      body: "",
    },
  ],
  [
    newer,
    {
      request: 'DELETE messages?username=eq.supabot {"prefer":"handling=strict, max-affected=1"}',
      status: 400,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST124" },
    },
  ],
  [
    views,
    {
      request: "GET online?select=username,messages(id)&order=username {}",
      status: 400,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST200" },
    },
  ],
  [
    unknownTable,
    {
      request: "GET nothing {}",
      status: 404,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST205" },
    },
  ],
  [
    unknownTable,
    {
      request: 'POST nothing {"content-type":"application/json"} {"name":"A"}',
      status: 404,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST205" },
    },
  ],
  [
    unknownTable,
    {
      request: 'PATCH nothing?id=eq.1 {"content-type":"application/json"} {"a":1}',
      status: 404,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST205" },
    },
  ],
  [
    unknownTable,
    {
      request: "DELETE nothing?id=eq.1 {}",
      status: 404,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST205" },
    },
  ],
  [
    unknownTable,
    {
      request: "OPTIONS nothing {}",
      status: 404,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST205" },
    },
  ],
  [
    strict,
    {
      request: "GET users?select=( {}",
      status: 400,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST100" },
    },
  ],
  [
    strict,
    {
      request: "GET users?limit=x {}",
      status: 400,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST100" },
    },
  ],
  [
    oneType,
    {
      request: 'GET users?username=eq.nobody {"accept":"application/vnd.pgrst.object+json"}',
      status: 406,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST116" },
    },
  ],
  [
    oneType,
    {
      request: 'GET users?select=username {"accept":"application/vnd.pgrst.object+json"}',
      status: 406,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST116" },
    },
  ],
  [
    oneType,
    {
      request:
        'POST products?select=name {"content-type":"application/json","prefer":"return=representation","accept":"application/vnd.pgrst.object+json"} [{"name":"A"},{"name":"B"}]',
      status: 406,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST116" },
    },
  ],
  [
    oneType,
    {
      request:
        'PATCH products?id=eq.99&select=id {"content-type":"application/json","prefer":"return=representation","accept":"application/vnd.pgrst.object+json"} {"amount":11}',
      status: 406,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST116" },
    },
  ],
  [
    oneType,
    {
      request:
        'DELETE messages?username=eq.supabot&select=id {"prefer":"return=representation","accept":"application/vnd.pgrst.object+json"}',
      status: 406,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST116" },
    },
  ],
  [
    csv,
    {
      request: 'GET messages?select=id,message,data&order=id {"accept":"text/csv"}',
      status: 200,
      headers: { "content-type": "text/csv; charset=utf-8", "content-range": "0-3/*" },
      body: 'id,message,data\n1,"Hello World 👋",\n2,"Perfection is attained, not when there is nothing more to add",\n3,"some message on channel wihtout details",\n4,"quo""te and \\ back, comma","{""a"": null}"',
    },
  ],
  [
    csv,
    {
      request: 'GET users?username=eq.nobody {"accept":"text/csv"}',
      status: 200,
      headers: { "content-type": "text/csv; charset=utf-8", "content-range": "*/*" },
      body: "username,data,ages,status,phrase\n",
    },
  ],
  [
    csv,
    {
      request: 'POST products {"content-type":"text/csv","prefer":"return=representation"} name,amount\nA',
      status: 400,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST102" },
    },
  ],
  [
    csv,
    {
      request:
        'POST products?select=name {"content-type":"application/json","prefer":"return=representation","accept":"text/csv"} {"name":"New"}',
      status: 201,
      headers: {
        "content-type": "text/csv; charset=utf-8",
        "content-range": "*/*",
        "preference-applied": "return=representation",
      },
      body: "name\nNew",
    },
  ],
  [
    acceptable,
    {
      request: 'GET users?limit=1 {"accept":"application/xml"}',
      status: 406,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST107" },
    },
  ],
  [
    acceptable,
    {
      request: 'GET users?limit=1 {"accept":"application/geo+json"}',
      status: 406,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST107" },
    },
  ],
  [
    acceptable,
    {
      request: 'GET users?limit=1 {"accept":"application/octet-stream"}',
      status: 406,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "PGRST107" },
    },
  ],
  [
    restrict,
    {
      request: "DELETE users?username=eq.supabot {}",
      status: 409,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { code: "23503" },
    },
  ],
]

/** By request. */
export const differences: ReadonlyMap<string, RecordedAnswer> = new Map(
  list.map(([, answer]) => [answer.request, answer]),
)
