// Service worker: shows what a push message says, opens its page. It keeps nothing and answers no requests.
"use strict";

self.addEventListener("push", (event) => {
  let said = {};
  try {
    said = event.data ? event.data.json() : {};
  } catch (error) {
    said = {};
  }
  const title = said.title || "Ускат: новый сигнал";
  event.waitUntil(self.registration.showNotification(title, {
    body: said.body || "",
    lang: "ru",
    tag: said.key || "uskat",  // a copy of a message replaces it
    requireInteraction: Boolean(said.urgent),
    data: { url: said.url || "/", leave: said.leave_url || null },
    actions: said.leave_url ? [{ action: "leave", title: "Отписаться" }] : [],
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const data = event.notification.data || {};
  const wanted = event.action === "leave" && data.leave ? data.leave : data.url || "/";
  const target = new URL(wanted, self.location.origin);
  // a message may only lead to our own pages
  event.waitUntil(self.clients.openWindow(target.origin === self.location.origin ? target.href : "/"));
});
