// The little that pages do by themselves: theme, menu on small screens, forms that send themselves.
"use strict";

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("button");
  if (!target) return;
  if ("themeSwitch" in target.dataset) {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("theme", next);
    document.dispatchEvent(new Event("theme"));
  }
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
