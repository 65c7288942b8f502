import type { Middleware } from "openapi-fetch";
import type { Schema } from "./api/client";

const PATH = "/api/v1/sign-in/telegram";
const BEFORE_END_MS = 60_000;

/** What Telegram has signed about who opened the pages in it; null in a browser. */
const initData = new URLSearchParams(location.hash.slice(1)).get("tgWebAppData");

/** Whether Telegram shows the pages. */
export const IS_MINI_APP = initData !== null;

/**
 * Return what signs each request in Telegram.
 *
 * Browsers send no cookie from Telegram's frame. What Telegram has signed is exchanged for a token
 * of minutes, which is in memory alone, and again before it ends.
 *
 * @param consolePath Below which path the console is.
 * @param refuse Makes an error of what the console says against it.
 */
export function miniAppTokens(
  consolePath: string,
  refuse: (status: number, problem: unknown) => Error,
): Middleware {
  let asked: Promise<Schema["ShortTokenReply"]> | null = null;
  let endsAt = 0;

  async function exchange(): Promise<Schema["ShortTokenReply"]> {
    const answer = await fetch(`${consolePath}${PATH}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ init_data: initData }),
    });
    const body = await answer.json();
    if (!answer.ok) throw refuse(answer.status, body);
    endsAt = new Date(body.expires_at).getTime();
    return body;
  }

  return {
    async onRequest({ request }) {
      if (asked === null || Date.now() > endsAt - BEFORE_END_MS) {
        endsAt = Number.POSITIVE_INFINITY;
        asked = exchange();
        // The next request tries again.
        asked.catch(() => {
          asked = null;
        });
      }
      request.headers.set("Authorization", `Bearer ${(await asked).token}`);
      return request;
    },
  };
}
