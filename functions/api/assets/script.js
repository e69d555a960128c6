// What plain HTML cannot do: copy, keep relative times up to date, and leave alone what was unfolded.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  const announce = (text) => {
    const place = document.getElementById("announce");
    if (place) place.textContent = text;
  };

  // Without a secure context there is no clipboard; the old way works there.
  const copy = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    if (!done) throw new Error("not copied");
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    try {
      await copy(button.dataset.copy);
      button.textContent = "Copied";
      button.classList.add("done");
      announce("Copied");
    } catch {
      button.textContent = "Select it";
      announce("Copying is not allowed here: select the text");
    }
    setTimeout(() => {
      button.textContent = "Copy";
      button.classList.remove("done");
    }, 2000);
  });

  // The rule of times.rs: from how many seconds on each unit is used, its length, its name.
  const units = [[172800, 86400, "day"], [7200, 3600, "hour"], [120, 60, "minute"], [1, 1, "second"]];
  const relative = (seconds) => {
    const far = Math.abs(seconds);
    const used = units.find(([from]) => far >= from);
    if (!used) return "just now";
    const [, length, unit] = used;
    const count = Math.floor(far / length);
    const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
    return seconds < 0 ? `${words} ago` : `in ${words}`;
  };
  setInterval(() => {
    for (const time of document.querySelectorAll("time[data-relative]")) {
      const words = relative(Math.trunc((Date.parse(time.dateTime) - Date.now()) / 1000));
      if (time.textContent !== words) time.textContent = words;
    }
  }, 1000);

  // A page in the background requests nothing.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const asked = event.detail.requestConfig;
    if (document.hidden && asked && ["live", "owner"].includes(event.detail.elt.id)) event.preventDefault();
  });

  // What a reader has unfolded stays so when its part of the page is renewed.
  let open = [];
  document.addEventListener("htmx:beforeSwap", () => {
    open = [...document.querySelectorAll("details[id][open]")].map((one) => one.id);
    const notice = document.getElementById("notice");
    if (notice) notice.replaceChildren();
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  });

  // No answer at all: the network, or a time limit.
  const failed = () => {
    const notice = document.getElementById("notice");
    if (!notice || notice.firstChild) return;
    const box = document.createElement("div");
    box.className = "notice bad";
    box.textContent = "No answer. Check the connection, or reload the page; it retries automatically.";
    notice.append(box);
  };
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("htmx:timeout", failed);
})();
