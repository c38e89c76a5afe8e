// The button of the subscription page: asks the browser, tells the server, leaves in one click.
"use strict";

const SCOPE = "/subscription";

(function () {
  const box = document.getElementById("push");
  if (!box) return;
  const button = document.getElementById("push-on");
  const off = document.getElementById("push-off");
  const told = document.getElementById("push-told");
  const area = document.querySelector("select[name=area]");
  const say = (words) => { told.textContent = words; };

  if (!("serviceWorker" in navigator) || !("PushManager" in window)) {
    box.hidden = false;
    button.hidden = true;
    say("Этот браузер не умеет принимать уведомления. This browser cannot receive notifications.");
    return;
  }

  const bytes = (text) => Uint8Array.from(
    atob(text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat((4 - text.length % 4) % 4)), (one) => one.charCodeAt(0));

  const send = (path, body) => fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });

  async function show() {
    const registration = await navigator.serviceWorker.getRegistration(SCOPE);
    const present = registration ? await registration.pushManager.getSubscription() : null;
    off.hidden = !present;
  }

  async function subscribe() {
    const [kind, ...code] = area.value.split("/");
    if (!code.length) {
      say("Сначала выберите место выше. Choose a place first.");
      area.focus();
      return;
    }
    const permission = await Notification.requestPermission();
    if (permission !== "granted") {
      say("Браузер не разрешил уведомления: это меняется в его настройках. The browser did not allow notifications.");
      return;
    }
    await navigator.serviceWorker.register("/subscription/push-worker.js", { scope: SCOPE });
    const registration = await navigator.serviceWorker.ready;
    const made = await registration.pushManager.subscribe({
      userVisibleOnly: true, applicationServerKey: bytes(box.dataset.key),
    });
    const told = made.toJSON();
    const answer = await send("/api/v1/push-subscriptions", {
      endpoint: told.endpoint, keys: { p256dh: told.keys.p256dh, auth: told.keys.auth },
      area_kind: kind, area_code: code.join("/"), language: "ru",
    });
    if (!answer.ok) {
      say(answer.status === 429 ? "Слишком часто, попробуйте позже. Too often, try later."
        : "Не получилось подписаться. It did not work.");
      return;
    }
    say("Готово: сигналы будут приходить в этот браузер. Done.");
    await show();
  }

  async function leave() {
    const registration = await navigator.serviceWorker.getRegistration(SCOPE);
    const present = registration ? await registration.pushManager.getSubscription() : null;
    if (present) {
      await send("/api/v1/push-subscriptions/leave", { endpoint: present.endpoint });
      await present.unsubscribe();
    }
    say("Вы отписаны, уведомлений больше не будет. You have left.");
    await show();
  }

  const tried = (work) => () => work().catch(() => say("Не получилось: служба уведомлений браузера не отвечает. It did not work."));
  button.addEventListener("click", tried(subscribe));
  off.addEventListener("click", tried(leave));
  box.hidden = false;
  show().catch(() => {});
})();
