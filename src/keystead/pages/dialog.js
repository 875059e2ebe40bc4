/* Questions that have to be answered first. They are <dialog>s: the rest of the page waits. */
import { html, newId, useEffect, useRef, useState } from "./dom.js";
import { Button, Notice, meaning } from "./parts.js";
import { Field } from "./fields.js";
import { t } from "./text.js";

let setOpen = (_change) => {};

/* Show a dialog: render(close) returns its content. Resolves with what close() was given. */
export function open(label, render) {
  return new Promise((resolve) => {
    const id = newId("dialog");
    const close = (answer) => {
      setOpen((all) => all.filter((one) => one.id !== id));
      resolve(answer);
    };
    setOpen((all) => [...all, { id, label, render, close }]);
  });
}

/* Close whatever is open, as if it had been cancelled. */
export const closeAll = () => setOpen((all) => (all.forEach(({ close }) => close(undefined)), []));

export function Dialogs() {
  const [dialogs, setDialogs] = useState([]);
  useEffect(() => {
    setOpen = setDialogs;
  }, []);
  return dialogs.map((one) => html`<${Dialog} key=${one.id} ...${one} />`);
}

function Dialog({ id, label, render, close }) {
  const element = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    element.current.showModal();
    return () => before?.isConnected && before.focus();
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    close(undefined);
  };
  return html`<dialog ref=${element} aria-labelledby=${id} onCancel=${cancel}>
    <h2 id=${id}>${label}</h2>
    ${render(close)}
  </dialog>`;
}

/*
 * Ask before something is done, and do it. run(): does it; a problem is shown in the dialog.
 * typed: a text that has to be typed first. Resolves with true once it is done.
 */
export const confirm = ({ title, ...rest }) =>
  open(title, (close) => html`<${Confirmation} close=${close} ...${rest} />`);

function Confirmation({ body, label, run, typed = null, isDanger = false, close }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const isTyped = typed === null || text.trim().toLowerCase() === typed.toLowerCase();

  const submit = async (event) => {
    event.preventDefault();
    if (!isTyped) return setProblem({ code: "not_typed" });
    setBusy(true);
    setProblem(null);
    try {
      await run();
      return close(true);
    } catch (found) {
      setBusy(false);
      return setProblem(found.code === "cancelled" ? null : found);
    }
  };

  return html`<p>${body}</p>
    <form class="form" onSubmit=${submit} novalidate>
      ${typed !== null && html`<${Field} label=${t("confirm.type", { text: typed })} value=${text} onInput=${setText} autocomplete="off" spellcheck="false" autofocus />`}
      ${problem && html`<${Notice} kind="bad">${meaning(problem)}<//>`}
      <div class="actions">
        <${Button} onClick=${() => close(undefined)}>${t("cancel")}<//>
        <${Button} type="submit" kind=${isDanger ? "main danger" : "main"} busy=${isBusy}>${label}<//>
      </div>
    </form>`;
}
