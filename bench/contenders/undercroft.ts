/** The contender that is Undercroft, as `startApp` starts it. */
import { startApp } from "../../src/app.ts"
import { definition } from "../model.ts"
import { runContender } from "./contender.ts"

runContender(async ({ adminUrl, secret }) => {
  const app = await startApp(definition, {
    host: "127.0.0.1",
    port: 0,
    directory: "",
    databaseUrl: adminUrl,
    issuers: [{ secret }],
    onError: (error) => console.error(error, error.cause),
  })
  return Number(new URL(app.url).port)
})
