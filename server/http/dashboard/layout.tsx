import { html } from "@hono/hono/html";
import type { PropsWithChildren } from "@hono/hono/jsx";
import { VERSION } from "@mbus-gateway/wire";
import { assetUrl } from "../assets.ts";
import { link } from "./links.ts";

type LayoutProps = PropsWithChildren<{
  title: string;
  /** The demo's secret, or "". */
  demo?: string;
  /** Whether there is a session to end. */
  signedIn?: boolean;
  /** Seconds after which a browser without scripts loads the page again. */
  refresh?: number;
}>;

/** A whole page as HTML. */
export function page(props: LayoutProps) {
  return html`<!doctype html>${<Layout {...props} />}`;
}

function Layout({ title, demo = "", signedIn = false, refresh, children }: LayoutProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title} · mbus-gateway</title>
        <link rel="icon" type="image/svg+xml" href={assetUrl("icon.svg")} />
        <link rel="stylesheet" href={assetUrl("style.css")} />
        <script type="module" src={assetUrl("live.js")}></script>
        {refresh === undefined ? null : (
          <noscript>
            <meta http-equiv="refresh" content={String(refresh)} />
          </noscript>
        )}
      </head>
      <body>
        <a class="skip" href="#main">Skip to content</a>
        <header class="top">
          <a class="brand" href={link("/", demo)}>mbus-gateway</a>
          <span class="offline" id="offline" role="status"></span>
          {signedIn && demo === ""
            ? (
              <form method="post" action="/sign-out">
                <button type="submit" class="quiet">Sign out</button>
              </form>
            )
            : null}
        </header>
        <main id="main" tabindex={-1}>{children}</main>
        <footer>mbus-gateway {VERSION}</footer>
      </body>
    </html>
  );
}
