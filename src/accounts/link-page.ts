/** The plain pages to which links in mails lead: a question and a button, for mail programs open links, too. */

/** Answers with a page. What stands in it is ours, never somebody's words. */
export function linkPage(body: string): Response {
  return new Response(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Your account</title>${body}</html>`,
    {
      headers: {
        "content-type": "text/html; charset=utf-8",
        // With `no-referrer` browsers would not say where the form comes from.
        "referrer-policy": "same-origin",
      },
    },
  )
}
