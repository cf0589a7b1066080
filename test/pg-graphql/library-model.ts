/** A library of few books: what the cases of pg_graphql's conventions are asked of. */
import {
  anyone,
  boolean,
  date,
  decimal,
  defineBackend,
  entity,
  integer,
  list,
  many,
  ref,
  text,
} from "../../src/index.ts"

const all = { read: anyone, create: anyone, update: anyone, delete: anyone }

const Shelf = entity("Shelf", {
  collection: "shelves",
  key: "number",
  tracked: false,
  fields: {
    number: integer(),
    label: text({ max: 40 }),
    get books() {
      return many(Book, "shelf")
    },
  },
})
Shelf.access(() => all)

const Book = entity("Book", {
  key: "number",
  tracked: false,
  fields: {
    number: integer(),
    shelf: ref(Shelf).onDelete("cascade"),
    title: text({ max: 40 }),
    subtitle: text({ max: 40 }).optional(),
    pages: integer(),
    price: decimal({ precision: 6, scale: 2 }).optional(),
    printed: date().optional(),
    isLent: boolean().default(false),
    tags: list(text({ max: 20 }), { max: 5 }).default([]),
  },
})
Book.access(() => all)

const shelves = ["Atlas", "Botany", "Cinema"]
const books = [
  {
    shelf: 1,
    title: "Maps",
    subtitle: null,
    pages: 120,
    price: "10.50",
    printed: "1990-05-01",
    tags: ["world", "old"],
  },
  {
    shelf: 1,
    title: "Rivers",
    subtitle: "To the sea",
    pages: 80,
    price: "9.50",
    printed: "2001-02-03",
    tags: ["water"],
  },
  {
    shelf: 2,
    title: "roses",
    subtitle: null,
    pages: 200,
    price: null,
    printed: null,
    tags: ["old", "garden"],
  },
  {
    shelf: 2,
    title: "Mosses",
    subtitle: "small_green",
    pages: 80,
    price: "20.00",
    printed: "2010-10-10",
    isLent: true,
  },
]

export const libraryBackend = defineBackend({
  name: "library",
  model: [Shelf, Book],
  seed: function* () {
    for (const [at, label] of shelves.entries()) yield ["Shelf", { number: at + 1, label }]
    for (const [at, book] of books.entries()) yield ["Book", { number: at + 1, ...book }]
  },
})
