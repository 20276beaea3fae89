// The little that pages do by themselves: theme, menu on small screens, forms that send themselves.
"use strict";

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function chooseTheme(name) {
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  if (name) localStorage.setItem("theme", name);
  else localStorage.removeItem("theme");
  document.dispatchEvent(new Event("theme"));
}

function showTheme() {
  const chosen = localStorage.getItem("theme") || "";
  for (const one of document.querySelectorAll("[data-theme-to]")) one.setAttribute("aria-pressed", String(one.dataset.themeTo === chosen));
}
document.addEventListener("theme", showTheme);
addEventListener("DOMContentLoaded", showTheme);

document.addEventListener("focusin", (event) => {
  if ("selects" in event.target.dataset) event.target.select();
});

document.addEventListener("click", (event) => {
  const target = event.target.closest("button");
  if (!target) return;
  if ("themeSwitch" in target.dataset) {
    const next = isDark() ? "light" : "dark";
    chooseTheme(next);
  }
  if ("themeTo" in target.dataset) chooseTheme(target.dataset.themeTo);
  if ("menu" in target.dataset) {
    const opened = document.body.classList.toggle("menu-open");
    target.setAttribute("aria-expanded", String(opened));
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && document.body.classList.contains("menu-open")) {
    document.body.classList.remove("menu-open");
    document.querySelector("[data-menu]").setAttribute("aria-expanded", "false");
  }
  if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) {
    event.preventDefault();
    document.querySelector(".find input").focus();
  }
});

document.addEventListener("change", (event) => {
  if ("sends" in event.target.dataset) event.target.form.requestSubmit();
});

// How far an upload is.
document.addEventListener("htmx:xhr:progress", (event) => {
  const bar = event.target.matches("[data-upload]") && event.target.querySelector("progress");
  if (!bar || !event.detail.lengthComputable) return;
  bar.hidden = false;
  bar.value = event.detail.loaded / event.detail.total;
});
document.addEventListener("htmx:afterRequest", (event) => {
  const bar = event.target.matches("[data-upload]") && event.target.querySelector("progress");
  if (bar) bar.hidden = true;
});

// What is live asks again by itself, while somebody looks.
const LIVE_MS = 15000;

function tick() {
  if (document.hidden) return;
  for (const one of document.querySelectorAll("[data-live]")) htmx.trigger(one, "tick");
}

setInterval(tick, LIVE_MS);
document.addEventListener("visibilitychange", tick);

// What a button could not do is said where its answer would stand.
document.body.addEventListener("htmx:responseError", (event) => {
  const place = event.detail.target;
  if (!place || !("says" in place.dataset)) return;
  const told = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html").querySelector(".notice");
  place.textContent = told ? told.textContent.trim() : "That failed.";
});
