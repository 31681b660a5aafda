import type { TargetedEvent, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { token } from '../data/token.ts';

/** Asks for the token of a server that wants one. It stays in this tab. */
export function TokenDialog(): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const isSecondTry = token.get() !== undefined;
  useEffect(() => dialog.current?.showModal(), []);
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const value = new FormData(event.currentTarget).get('token');
    if (typeof value !== 'string' || value.trim() === '') return;
    token.set(value.trim());
    location.reload();
  };
  return (
    <dialog ref={dialog} class="card" aria-labelledby="token-title">
      <form onSubmit={submit}>
        <h2 id="token-title">This EdgeBind asks for a token</h2>
        <p>
          {isSecondTry ? 'The token was refused. ' : ''}It is the value of listen.token in its config.yaml. It is kept until you close this
          tab.
        </p>
        <input type="password" name="token" aria-label="Token" autocomplete="current-password" autofocus />
        <button type="submit" class="primary">
          Open
        </button>
      </form>
    </dialog>
  );
}
