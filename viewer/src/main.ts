/** One script, two halves: the page, and the worker that the page starts from its own text. */

import "./style/base.css";
import "./style/above.css";
import "./style/time.css";
import "./style/panels.css";
import "./style/overview.css";
import "./style/flame.css";
import "./style/tables.css";
import "./style/source.css";
import "./style/heap.css";
import "./style/heat.css";
import "./style/counters.css";
import "./style/details.css";
import "./style/narrow.css";
import { Columns } from "./data/container";
import { listerOf } from "./data/listing";
import { findPacked, get, unpack } from "./data/load";
import { readProfile } from "./data/profile";
import { Page } from "./page";
import { h, replace } from "./ui/dom";
import { Helper } from "./work/client";
import { Served } from "./work/served";
import { Inside, type Source } from "./work/source";
import { type Scope, serve } from "./work/worker";

function inside(helper: Helper, bytes: ArrayBuffer): Source {
  const { asker, profile } = helper.share(bytes);
  return new Inside(profile, asker);
}

/** All that there is of the profile, or what is needed to ask a server for it. */
function sourceOf(helper: Helper, bytes: ArrayBuffer): Source {
  if (new Columns(bytes).has("nodes.depth")) {
    return inside(helper, bytes);
  }
  const whole = async () => inside(helper, await unpack(await (await get("whole")).blob()));
  return new Served(readProfile(bytes), async (name) => (await get(name)).arrayBuffer(), whole);
}

async function start(script: string): Promise<void> {
  try {
    const helper = new Helper(script);
    const { packed, served } = await findPacked();
    await helper.started;
    const bytes = await unpack(packed);
    performance.mark("unpacked");
    const source = sourceOf(helper, bytes);
    const lister = listerOf(new Columns(bytes), served);
    await new Page(source, lister).start();
    performance.measure("first picture", "unpacked");
    document.documentElement.dataset.ready = "true";
  } catch (error) {
    replace(
      document.body,
      h("p", { class: "failure", role: "alert" }, `This profile cannot be shown: ${String(error)}`),
    );
  }
}

if (typeof document === "undefined") {
  serve(globalThis as unknown as Scope);
} else {
  void start(document.getElementById("code")?.textContent ?? "");
}
