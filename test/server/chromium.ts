/** Chromium, and the page at /docs in it. */
import { type Browser, type Locator, type Page, chromium as playwright } from 'playwright-core';

/** The path of the program. */
export const chromium = process.env.JWTKIT_CHROMIUM ?? '/usr/bin/chromium';

/** Nothing that a browser does of its own may be taken for a request of the page. */
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts it, with flags of its own; the caller closes it. */
export function launchChromium(more: readonly string[] = []): Promise<Browser> {
  return playwright.launch({ executablePath: chromium, args: [...flags, ...more] });
}

/** A page, with what went wrong on it and what it asked for. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors and warnings of the console, failed requests, and answers of 400 and more. */
  readonly errors: string[];
  readonly requests: string[];
  /** Opens the dialog, and returns its half for users. */
  openDialog(): Promise<Locator>;
  /** The form of a route. */
  openForm(path: string): {
    open(): Promise<void>;
    fill(name: string, value: string): Promise<void>;
    execute(): Promise<{ status: string; body: string }>;
  };
  /** Resolves once the page asks for nothing more. */
  waitForQuiet(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the page at /docs, and waits for its operations. */
export async function openDocsPage(browser: Browser, url: string): Promise<WatchedPage> {
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  const errors: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('request', (request) => requests.push(request.url()));
  page.on('requestfailed', (request) => errors.push(`failed: ${request.url()}`));
  page.on('response', (response) => {
    if (response.status() >= 400) errors.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(url);
  const operation = (path: string) => page.locator('.opblock', { has: page.locator(`[data-path="${path}"]`) });
  await operation('/token').waitFor();
  return {
    page,
    errors,
    requests,
    async openDialog() {
      await page.getByRole('button', { name: 'Authorize' }).first().click();
      return page.locator('.auth-container', { hasText: 'OAuth2, password' });
    },
    openForm(path) {
      const block = operation(path);
      return {
        async open() {
          await block.locator('.opblock-summary-control').click();
          await block.getByRole('button', { name: 'Try it out' }).click();
        },
        fill: (name, value) => block.locator(`[data-property-name="${name}"] input`).first().fill(value),
        async execute() {
          const answered = page.waitForEvent('requestfinished');
          await block.getByRole('button', { name: 'Execute' }).click();
          const status = (await (await answered).response())?.status();
          // The answer before may still stand there.
          const answer = block.locator('.live-responses-table .response', { hasText: String(status) }).first();
          await answer.waitFor();
          return {
            status: await answer.locator('.response-col_status').innerText(),
            body: await answer.locator('.highlight-code code').first().innerText(),
          };
        },
      };
    },
    waitForQuiet: () => page.waitForLoadState('networkidle'),
    close: () => page.close(),
  };
}
