/** Whatever goes wrong with a request is one kind of error, with a sentence for people. */
import { expect, test } from "vitest";
import { NoConnection, ServiceError } from "../shared/errors.js";
import { requestJson } from "../shared/http.js";

const answering = (response: Response): typeof fetch => (() => Promise.resolve(response)) as typeof fetch;

test("an answer that breaks off halfway is a connection that was lost", async () => {
  const broken = new ReadableStream({ start: (answer) => answer.error(new TypeError("terminated")) });
  await expect(requestJson("/x", {}, answering(new Response(broken)))).rejects.toBeInstanceOf(NoConnection);
});

test("a proxy's page is told by its status", async () => {
  const refused = requestJson("/x", {}, answering(new Response("<h1>Bad gateway</h1>", { status: 502 })));
  await expect(refused).rejects.toMatchObject({ status: 502, body: { code: "unavailable" } });
  await expect(refused).rejects.toBeInstanceOf(ServiceError);
});
