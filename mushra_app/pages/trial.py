"""The trial as a Gradio component: an empty element that the player's module fills."""

import gradio as gr

# The template never changes, so Gradio never re-renders it over the player's own elements. The
# address is relative to the page, which keeps any prefix that a proxy puts in front.
_ON_LOAD = """
const root = element.querySelector('.trial-root');
let player = null, wanted = null;
import(new URL('../player/%s/screen.js', document.baseURI).href).then(({ mount }) => {
  const open = () => {
    const page = (props.value || {}).page;
    if (page === wanted) return;
    wanted = page;
    if (player) { player.destroy(); player = null; }
    if (page === null || page === undefined) return;
    player = mount(root, { onSubmitted: () => trigger('submit', {}) });
  };
  open();
  watch('value', open);
  new MutationObserver((_, observer) => {
    if (root.isConnected) return;
    observer.disconnect();
    if (player) player.destroy();
  }).observe(document.body, { childList: true, subtree: true });
}).catch(() => { root.textContent = 'The page could not be loaded. Please reload it.'; });
"""


def trial_component(version: str) -> gr.HTML:
    """The player; its value is `{"page": index}`, and it fires `submit` when a page is closed.

    A factory and not a subclass: Gradio writes a stub file beside the source of every subclass.

    Args:
        version: digest in the address of the player's files.
    """
    return gr.HTML(
        value={"page": None},
        html_template='<div class="trial-root"></div>',
        js_on_load=_ON_LOAD % version,
        head=f'<link rel="stylesheet" href="../player/{version}/trial.css">',
        apply_default_css=False,
        container=False,
        padding=False,
    )
