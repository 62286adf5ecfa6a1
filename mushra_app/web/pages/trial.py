"""Trial as a Gradio component, filled by the player's module."""

from html import escape

import gradio as gr

from mushra_app.study.texts import translated

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
}).catch(() => { root.textContent = root.dataset.failed; });
"""


def trial_component(version: str, language: str) -> gr.HTML:
    """Return the player as a Gradio component.

    Its value is `{"page": index}`; it fires `submit` when a page is closed. A factory and
    not a subclass: Gradio writes a stub file beside the source of every subclass.

    Args:
        version: digest in the address of the player's files.
        language: of the study.
    """
    # Shown when not even the texts can be loaded.
    fallbacks = {
        "failed": translated(language, "page_not_loaded"),
        "again": translated(language, "try_again"),
    }
    data = "".join(f' data-{name}="{escape(text)}"' for name, text in fallbacks.items())
    return gr.HTML(
        value={"page": None},
        html_template=f'<div class="trial-root" data-language="{language}"{data}></div>',
        js_on_load=_ON_LOAD % version,
        apply_default_css=False,
        container=False,
        padding=False,
    )
