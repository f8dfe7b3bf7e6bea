// @vitest-environment jsdom
import { File } from "node:buffer";

import { createClient, type Client } from "@millrace/client";
import { JobsWidget, useBackgroundJobs, type BackgroundJob } from "@millrace/react";
import { act, cleanup, render, renderHook, screen, waitFor } from "@testing-library/react";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";

import { csv, relay, Server, token, until } from "./server.ts";

let server: Server;

beforeAll(async () => void (server = await new Server().start()));
afterAll(() => server.remove());
afterEach(cleanup);

const patience = { timeout: 10_000 };

function user(): { client: Client; token: string } {
  const mine = token();
  return { client: createClient({ url: server.url, token: mine }), token: mine };
}

function setHidden(hidden: boolean) {
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => (hidden ? "hidden" : "visible") });
  document.dispatchEvent(new Event("visibilitychange"));
}

describe("useBackgroundJobs", () => {
  test("shows what /jobs/active shows, in the contract's terms", async () => {
    const me = user();
    const { id } = await me.client.jobs.create({ type: "export" });
    await me.client.jobs.act(id, "start");
    await me.client.jobs.act(id, "progress", { progress: 67 });

    const { result } = renderHook(() => useBackgroundJobs({ url: server.url, token: me.token, live: false }));
    await waitFor(() => expect(result.current.isLoading).toBe(false), patience);

    const job: BackgroundJob = result.current.jobs[0]!;
    expect(job).toMatchObject({ id, type: "export", status: "running", progress: 67 });
    expect(result.current).toMatchObject({ runningCount: 1, failedCount: 0, isLive: false, error: null });
  });

  test("polls with the bearer and If-None-Match while it is not live, about every 10 s", async () => {
    const me = user();
    const line = await relay(server);
    onTestFinished(line.close);

    renderHook(() => useBackgroundJobs({ url: line.url, token: me.token, live: false, interval: 50 }));
    await until(() => line.asked("/api/v2/jobs/active").length >= 3);

    const asked = line.asked("/api/v2/jobs/active");
    expect(asked[0]).toMatch(new RegExp(`authorization: Bearer ${me.token}`, "i"));
    expect(asked[0]).not.toMatch(/if-none-match/i);
    expect(asked[2]).toMatch(/if-none-match/i);
  });

  test("goes over to the stream, and polls no more while that is live", async () => {
    const me = user();
    const line = await relay(server);
    onTestFinished(line.close);

    const { result } = renderHook(() => useBackgroundJobs({ url: line.url, token: me.token, interval: 100 }));
    await waitFor(() => expect(result.current.isLive).toBe(true), patience);
    const polls = line.asked("/api/v2/jobs/active").length;
    const { id } = await me.client.jobs.create({ type: "import" });
    await waitFor(() => expect(result.current.running).toMatchObject({ import: 1, export: 0 }), patience);
    await me.client.jobs.act(id, "complete", { error: "no" });
    await waitFor(() => expect(result.current.failedCount).toBe(1), patience);

    expect(line.asked("/api/v2/jobs/active").length).toBeLessThanOrEqual(polls + 1);
    expect(result.current.jobs).toHaveLength(1);
    await me.client.json(`/api/v2/jobs/${id}`, { method: "DELETE" });
    await waitFor(() => expect(result.current.jobs).toHaveLength(0), patience);
  });

  test("resumes where it was when the line broke", async () => {
    const me = user();
    const line = await relay(server);
    onTestFinished(line.close);
    const { result } = renderHook(() => useBackgroundJobs({ url: line.url, token: me.token }));
    await waitFor(() => expect(result.current.isLive).toBe(true), patience);

    act(() => line.cut());
    await me.client.jobs.create({ type: "export" });

    await waitFor(() => expect(result.current).toMatchObject({ isLive: true, runningCount: 1 }), patience);
    expect(line.asked("/api/v2/events/stream").at(-1)).toMatch(/last-event-id: \d+/i);
  });

  test("polls when the stream is refused", async () => {
    const me = user();
    const line = await relay(server);
    onTestFinished(line.close);
    line.refuse((head) => head.includes("/events/stream"));

    const { result } = renderHook(() => useBackgroundJobs({ url: line.url, token: me.token, interval: 50 }));
    await me.client.jobs.create({ type: "export" });

    await waitFor(() => expect(result.current.runningCount).toBe(1), patience);
    expect(result.current.isLive).toBe(false);
  });

  test("a hidden tab asks nothing", async () => {
    const me = user();
    const line = await relay(server);
    onTestFinished(line.close);
    onTestFinished(() => setHidden(false));
    const { result } = renderHook(() => useBackgroundJobs({ url: line.url, token: me.token, interval: 30 }));
    await waitFor(() => expect(result.current.isLive).toBe(true), patience);

    act(() => setHidden(true));
    const before = line.heads.length;
    await me.client.jobs.create({ type: "export" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(line.heads.length).toBe(before);
    act(() => setHidden(false));

    await waitFor(() => expect(result.current.runningCount).toBe(1), patience);
  });

  test("a 401 is said once, and not asked again until refresh", async () => {
    const line = await relay(server);
    onTestFinished(line.close);
    const credential = { token: "wrong" };

    const { result } = renderHook(() => useBackgroundJobs({ url: line.url, token: () => credential.token, interval: 30 }));
    await waitFor(() => expect(result.current.error).toMatchObject({ status: 401 }), patience);
    const asked = line.heads.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(line.heads.length).toBe(asked);

    credential.token = user().token;
    await act(() => result.current.refresh());

    await waitFor(() => expect(result.current).toMatchObject({ error: null, isLive: true }), patience);
  });
});

describe("JobsWidget", () => {
  test('shows "1 running job" during an upload, and its end', async () => {
    const me = user();
    render(<JobsWidget url={server.url} token={me.token} />);
    await waitFor(() => expect(screen.getByRole("status").textContent).toBe("0 running jobs"), patience);

    const file = new File([csv(100, "widget")], "products.csv") as unknown as Blob;
    const upload = await me.client.uploads.create(file);
    await waitFor(() => expect(screen.getByRole("status").textContent).toBe("1 running job (1 import)"), patience);
    expect(screen.getByRole("progressbar").getAttribute("aria-label")).toBe("products.csv: 0 %");
    await me.client.uploads.put(file, { resume: upload });

    await waitFor(() => expect(screen.getByText("completed")).toBeTruthy(), patience);
    expect(screen.getByRole("status").textContent).toBe("0 running jobs");
  });

  test("speaks Dutch and German", async () => {
    const me = user();
    await me.client.jobs.create({ type: "validation" });
    for (const [language, text] of [["nl", "1 lopende taak (1 validatie)"], ["de", "1 laufender Auftrag (1 Prüfung)"]] as const) {
      const { unmount } = render(<JobsWidget url={server.url} token={me.token} language={language} />);
      await waitFor(() => expect(screen.getByRole("status").textContent).toBe(text), patience);
      unmount();
    }
  });
});
