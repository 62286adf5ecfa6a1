"""The researcher's plain pages: log in, make the account, make a study. They need no script."""

from html import escape

from fastapi.responses import HTMLResponse

from mushra_app.admin import passwords

_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #16242a; --soft: #566970; --line: #cfd8dc;
  --back: #f1f5f6; --accent: #0b7a75; --on: #fff; --bad: #a3262a; --bad-back: #fdeeee; }
@media (prefers-color-scheme: dark) { :root { --paper: #182226; --ink: #e4ecee; --soft: #a3b3b9;
  --line: #3d4d54; --back: #0e1416; --accent: #4fc4bc; --on: #06201e; --bad: #ffb3b0;
  --bad-back: #3a1d1f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 30rem; margin: clamp(1rem, 9vh, 6rem) auto; width: calc(100% - 1.5rem);
  padding: clamp(1.25rem, 5vw, 2.25rem); background: var(--paper); border: 1px solid var(--line);
  border-radius: 16px; box-shadow: 0 1px 2px rgb(0 0 0 / 6%), 0 10px 30px rgb(0 0 0 / 6%); }
.kicker { margin: 0 0 .25rem; color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 1rem; font-size: 1.6rem; line-height: 1.2; letter-spacing: -.01em; }
label { display: block; margin: 1rem 0 .3rem; font-weight: 600; }
form + .hint { margin-top: 1.25rem !important; }
.hint { margin: .3rem 0 0; color: var(--soft); font-size: .875rem; }
input { width: 100%; min-height: 46px; padding: .5rem .75rem; font: inherit; color: inherit;
  background: transparent; border: 1px solid var(--line); border-radius: 10px; }
input[type=file] { padding: .6rem .75rem; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid var(--accent);
  outline-offset: 2px; }
button { width: 100%; min-height: 48px; margin-top: 1.5rem; font: inherit; font-weight: 600;
  color: var(--on); background: var(--accent); border: 0; border-radius: 10px; cursor: pointer; }
.refusal { margin: 0 0 1rem; padding: .75rem 1rem; color: var(--bad); background: var(--bad-back);
  border-radius: 10px; overflow-wrap: anywhere; }
code { display: block; padding: .75rem 1rem; background: var(--back); border-radius: 10px;
  overflow-wrap: anywhere; font: .9rem/1.5 ui-monospace, monospace; }
a { color: var(--accent); }
"""


def sheet(title: str, study: str, body: str, status: int = 200) -> HTMLResponse:
    """One page.

    Args:
        title: its heading.
        study: title of the study.
        body: HTML; whatever was not written here is escaped by who calls this.
        status: HTTP status.
    """
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f'<p class="kicker">{escape(study)}</p><h1>{escape(title)}</h1>{body}</main></body></html>'
    )
    return HTMLResponse(page, status)


def login_sheet(study: str, refusal: str = "", name: str = "", status: int = 200) -> HTMLResponse:
    """The login page, with the reason why the last attempt was refused."""
    body = (
        f"{_refusal(refusal)}"
        '<form method="post" action="login">'
        '<label for="name">Name</label>'
        f'<input id="name" name="name" value="{escape(name)}" autocomplete="username" required '
        'maxlength="64" autocapitalize="none" spellcheck="false">'
        '<label for="password">Password</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" '
        f'required maxlength="{passwords.LONGEST}"><button>Log in</button></form>'
        '<p class="hint">No account yet, or the password is lost? Whoever runs the server gets a '
        "link with <b>intone study admin</b>.</p>"
    )
    return sheet("Log in", study, body, status)


def setup_sheet(
    study: str, token: str, refusal: str = "", name: str = "", status: int = 200
) -> HTMLResponse:
    """The page that makes the account."""
    limits = f'minlength="{passwords.SHORTEST}" maxlength="{passwords.LONGEST}" required'
    body = (
        f"{_refusal(refusal)}"
        "<p>This makes the one account that sees and steers this study. The link works once.</p>"
        '<form method="post" action="setup">'
        f'<input type="hidden" name="token" value="{escape(token)}">'
        '<label for="name">Name</label>'
        f'<input id="name" name="name" value="{escape(name)}" autocomplete="username" required '
        'maxlength="64" autocapitalize="none" spellcheck="false">'
        '<p class="hint">Looks at the results are recorded under this name.</p>'
        '<label for="password">Password</label>'
        '<input id="password" name="password" type="password" autocomplete="new-password" '
        f"{limits}>"
        f'<p class="hint">{passwords.SHORTEST} characters or more; a few words are fine.</p>'
        '<label for="again">Password once more</label>'
        f'<input id="again" name="again" type="password" autocomplete="new-password" {limits}>'
        "<button>Make the account</button></form>"
    )
    return sheet("Your account", study, body, status)


def new_sheet(
    study: str, refusal: str = "", values: dict[str, str] | None = None, status: int = 200
) -> HTMLResponse:
    """The page that makes another study."""
    said = {"name": "", "title": "", "contact": "", "folder": ""} | (values or {})
    given = {key: f'value="{escape(value)}"' for key, value in said.items()}
    body = (
        f"{_refusal(refusal)}"
        "<p>This server runs one study. Here you make the file of another one, beside it; a "
        "command to serve it comes at the end.</p>"
        '<form method="post" action="new" enctype="multipart/form-data">'
        '<label for="name">Name of the file</label>'
        f'<input id="name" name="name" {given["name"]} required maxlength="40" '
        'pattern="[A-Za-z0-9_\\-]+" placeholder="pilot_2" spellcheck="false">'
        '<p class="hint">Letters, digits, dashes; without .yaml.</p>'
        '<label for="title">What listeners read at the top</label>'
        f'<input id="title" name="title" {given["title"]} maxlength="200" '
        'placeholder="How natural does this speech sound?">'
        '<label for="contact">Whom listeners can ask</label>'
        f'<input id="contact" name="contact" {given["contact"]} maxlength="200" '
        'placeholder="name@example.org">'
        '<label for="folder">Stimulus set: a folder beside this study</label>'
        f'<input id="folder" name="folder" {given["folder"]} maxlength="300" '
        'placeholder="stimuli" spellcheck="false">'
        '<label for="archive">or a zip of one from this computer</label>'
        '<input id="archive" name="archive" type="file" accept=".zip">'
        '<p class="hint">The folder that <b>intone stimuli make</b> or <b>import</b> wrote: '
        "stimuli.json and its WAV or FLAC files, at most 1 GiB.</p>"
        '<button>Make the study</button></form><p><a href="./">Back</a></p>'
    )
    return sheet("A new study", study, body, status)


def made_sheet(study: str, file: str, command: str) -> HTMLResponse:
    """Says that a study was made, and how to serve it."""
    body = (
        f"<p><b>{escape(file)}</b> is written and its sounds are made. Look at it in an editor, "
        f"then serve it where this server runs:</p><code>{escape(command)}</code>"
        '<p><a href="./">Back</a></p>'
    )
    return sheet("The study is there", study, body, 201)


def refusal_sheet(study: str, reason: str, status: int) -> HTMLResponse:
    """Says why something was not done."""
    return sheet(
        "That did not work", study, f'{_refusal(reason)}<p><a href="./">Back</a></p>', status
    )


def _refusal(reason: str) -> str:
    if not reason:
        return ""
    # A file's name keeps its letters.
    said = reason[0].upper() + reason[1:] if reason.split()[0].isalpha() else reason
    return f'<p class="refusal" role="alert">{escape(said)}.</p>'
