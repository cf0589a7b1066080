/** A forum that is open to everyone: the tables that PostgREST's own answers were recorded over (`recorded.json`). */
import {
  anyone,
  type BackendDefinition,
  boolean,
  choice,
  date,
  defineBackend,
  entity,
  integer,
  json,
  list,
  many,
  range,
  ref,
  serial,
  text,
  view,
} from "../../src/index.ts"

const open = { read: anyone, create: anyone, update: anyone, delete: anyone }

export const User = entity("User", {
  tracked: false,
  key: "username",
  fields: {
    username: text({ max: 40 }).internal(),
    data: json().optional(),
    ages: range(integer()).optional(),
    status: choice("ONLINE", "OFFLINE").optional().default("ONLINE"),
    phrase: text().optional(),
    get messages() {
      return many(Message, "username")
    },
  },
})

export const Channel = entity("Channel", {
  tracked: false,
  key: "id",
  fields: {
    id: serial(),
    data: json().optional(),
    slug: text().optional().unique(),
    get messages() {
      return many(Message, "channel")
    },
  },
  reveals: true,
})

export const Message = entity("Message", {
  tracked: false,
  key: "id",
  fields: {
    id: serial(),
    data: json().optional(),
    message: text().optional(),
    username: ref(User),
    channel: ref(Channel),
  },
})

/** Three references to one entity. */
export const Friendship = entity("Friendship", {
  tracked: false,
  key: "id",
  collection: "friends",
  fields: {
    id: serial(),
    first: ref(User),
    second: ref(User),
    third: ref(User).optional(),
  },
})

export const Product = entity("Product", {
  tracked: false,
  key: "id",
  fields: {
    id: serial(),
    name: text(),
    description: text().optional(),
    amount: integer().optional(),
    released: date().optional(),
    sold: boolean().default(false),
    tags: list(text()).default([]),
  },
})

export const Category = entity("Category", {
  tracked: false,
  key: "id",
  collection: "categories",
  fields: { id: serial(), name: text(), description: text().optional() },
})

export const ProductCategory = entity("ProductCategory", {
  tracked: false,
  collection: "filings",
  key: ["product", "category"],
  fields: { product: ref(Product).onDelete("cascade"), category: ref(Category).onDelete("cascade") },
})

export const Folder = entity("Folder", {
  tracked: false,
  key: "id",
  fields: {
    id: serial(),
    description: text().optional(),
    get parent() {
      return ref(Folder).optional()
    },
    get children() {
      return many(Folder, "parent")
    },
  },
})

export const OnlineUser = view("OnlineUser", User, {
  collection: "online",
  key: "username",
  where: ({ row }) => row.status.is("ONLINE"),
  fields: { username: "username", status: "status" },
})

for (const one of [User, Channel, Message, Friendship, Product, Category, ProductCategory, Folder])
  one.access(() => open)

const rows: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ["User", { username: "supabot", status: "ONLINE", ages: "[1,2)", phrase: "fat cat" }],
  ["User", { username: "kiwicopple", status: "OFFLINE", ages: "[25,35)", phrase: "bat cat" }],
  ["User", { username: "awailas", status: "ONLINE", ages: "[25,35)", phrase: "bat rat" }],
  [
    "User",
    {
      username: "dragarcia",
      status: "ONLINE",
      ages: "[20,30)",
      phrase: "fat rat",
      data: { likes: { pet: "dog", n: 3 } },
    },
  ],
  ["User", { username: "jsonuser", status: null, data: { foo: { bar: { nested: "value" } }, list: [1, 2] } }],
  ["Channel", { slug: "public" }],
  ["Channel", { slug: "random", data: { topic: "any, thing" } }],
  ["Channel", { slug: "empty" }],
  ["Message", { message: "Hello World 👋", username: "supabot", channel: 1 }],
  [
    "Message",
    {
      message: "Perfection is attained, not when there is nothing more to add",
      username: "supabot",
      channel: 2,
    },
  ],
  ["Message", { message: "some message on channel wihtout details", username: "kiwicopple", channel: 2 }],
  ["Message", { message: 'quo"te and \\ back, comma', username: "awailas", channel: 1, data: { a: null } }],
  ["Friendship", { first: "supabot", second: "kiwicopple", third: "awailas" }],
  ["Friendship", { first: "supabot", second: "dragarcia" }],
  [
    "Product",
    {
      name: "Laptop",
      description: "High-performance laptop",
      amount: 10,
      released: "2020-01-31",
      tags: ["a", "b c"],
    },
  ],
  ["Product", { name: "Shirt", amount: 3, sold: true, tags: [] }],
  ["Product", { name: "Mug", description: "", amount: 10, released: "2024-02-29", tags: ["b"] }],
  ["Product", { name: "Pen" }],
  ["Category", { name: "Electronics", description: "Devices" }],
  ["Category", { name: "Clothing" }],
  ["ProductCategory", { product: 1, category: 1 }],
  ["ProductCategory", { product: 2, category: 2 }],
  ["ProductCategory", { product: 3, category: 1 }],
  ["ProductCategory", { product: 3, category: 2 }],
  ["Folder", { description: "root" }],
  ["Folder", { description: "left", parent: 1 }],
  ["Folder", { description: "right", parent: 1 }],
  ["Folder", { description: "leaf", parent: 2 }],
]

export const forumBackend: BackendDefinition = defineBackend({
  name: "forum",
  model: [User, Channel, Message, Friendship, Product, Category, ProductCategory, Folder, OnlineUser],
  seed: () => rows,
})
