import createClient from "openapi-fetch";
import { IS_MINI_APP, miniAppTokens } from "../telegram";
import type { components, paths } from "./schema";

export type Schema = components["schemas"];
export type Problem = Schema["Problem"];
export type Watch = Schema["WatchReply"];
export type CurrentPrice = Schema["CurrentPrice"];
export type Money = Schema["Money"];
export type Locale = NonNullable<Schema["NewWatch"]["domain"]>;
export type PriceType = NonNullable<Schema["NewWatch"]["price_type"]>;

/** Below which path the pages are served: "/app" by itself, "/keeper/app" under Airflow. */
export const PAGES_PATH = new URL(document.baseURI).pathname.replace(/\/$/, "");
/** Where the console is: what stands before the pages' path. */
export const CONSOLE_PATH = PAGES_PATH.replace(/\/app$/, "");

/** What is said where nothing answers; API errors are English in every language. */
const AWAY = "Keeper does not answer; try again in a moment.";

/** What the API says when it cannot do what was asked. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem | null;

  constructor(status: number, problem: Problem | null) {
    super(problem?.detail ?? problem?.title ?? (status === 0 ? AWAY : `HTTP ${status}`));
    this.name = "ApiError";
    this.status = status;
    this.problem = problem;
  }

  /** Whether asking again may help: the API is away or too busy, not unwilling. */
  get passes(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export const api = createClient<paths>({
  baseUrl: `${location.origin}${CONSOLE_PATH}`,
  credentials: "same-origin",
});

// Why something alerted is said in the language of the pages.
api.use({
  onRequest: ({ request }) => {
    request.headers.set("Accept-Language", document.documentElement.lang);
  },
});

if (IS_MINI_APP) {
  const refuse = (status: number, body: unknown) => new ApiError(status, asProblem(body));
  api.use(miniAppTokens(CONSOLE_PATH, refuse));
}

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** Return what the API answers; anything else is an ApiError, also when nothing answers. */
export async function read<T>(asked: Promise<Answer<T>>): Promise<T> {
  const answer = await reach(asked);
  if (answer.data === undefined)
    throw new ApiError(answer.response.status, asProblem(answer.error));
  return answer.data;
}

/** As `read`, for what is answered without a body. */
export async function run(asked: Promise<Answer<unknown>>): Promise<void> {
  const answer = await reach(asked);
  if (!answer.response.ok) throw new ApiError(answer.response.status, asProblem(answer.error));
}

async function reach<T>(asked: Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, null);
  }
}

function asProblem(body: unknown): Problem | null {
  if (typeof body !== "object" || body === null || !("title" in body)) return null;
  return body as Problem;
}
