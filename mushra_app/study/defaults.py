"""Default texts of a new study in five languages."""

from typing import NamedTuple

from mushra_app.study.languages import Language


class Words(NamedTuple):
    """Default texts of one language.

    The consent text contains `{contact}`.
    """

    title: str
    prompt: str
    contact: str
    consent: str


_EN = Words(
    "How natural does this speech sound?",
    "How natural does each version sound?",
    "the person who sent you the link",
    """\
You will listen to short recordings of speech and rate them.

* Taking part is voluntary. You may stop at any time by closing the page, without giving a reason,
  and withdraw what you have given through the menu on every page.
* We store your ratings and answers, how long and how often you listened, and the kind of device
  you use (computer, tablet or phone). We do not ask for your name and do not store your address.
* If you came through a recruiting platform, we also store the id that it gave you there.
* Questions: {contact}.
""",
)
_DE = Words(
    "Wie natürlich klingt diese Sprache?",
    "Wie natürlich klingt jede Version?",
    "die Person, von der Sie den Link haben",
    """\
Sie hören kurze Sprachaufnahmen und bewerten sie.

* Die Teilnahme ist freiwillig. Sie können jederzeit ohne Angabe von Gründen aufhören, indem Sie die
  Seite schließen, und Ihre Angaben über das Menü auf jeder Seite zurückziehen.
* Wir speichern Ihre Bewertungen und Antworten, wie lange und wie oft Sie zugehört haben, und die
  Art Ihres Geräts (Computer, Tablet oder Telefon). Wir fragen nicht nach Ihrem Namen und speichern
  Ihre Adresse nicht.
* Wenn Sie über eine Vermittlungsplattform gekommen sind, speichern wir auch Ihre dortige Kennung.
* Fragen: {contact}.
""",
)
_FR = Words(
    "Cette parole vous semble-t-elle naturelle ?",
    "À quel point chaque version vous semble-t-elle naturelle ?",
    "la personne qui vous a envoyé le lien",
    """\
Vous allez écouter de courts enregistrements de parole et les évaluer.

* La participation est volontaire. Vous pouvez arrêter à tout moment en fermant la page, sans donner
  de raison, et retirer ce que vous avez donné par le menu présent sur chaque page.
* Nous enregistrons vos évaluations et vos réponses, la durée et le nombre de vos écoutes, et le
  type d’appareil que vous utilisez (ordinateur, tablette ou téléphone). Nous ne demandons pas votre
  nom et n’enregistrons pas votre adresse.
* Si vous venez d’une plateforme de recrutement, nous enregistrons aussi l’identifiant qu’elle vous
  a donné.
* Questions : {contact}.
""",
)
_ES = Words(
    "¿Qué tan natural suena esta voz?",
    "¿Qué tan natural suena cada versión?",
    "la persona que le envió el enlace",
    """\
Escuchará grabaciones breves de voz y las valorará.

* La participación es voluntaria. Puede dejarlo en cualquier momento cerrando la página, sin dar
  ninguna razón, y retirar lo que haya dado con el menú de cada página.
* Guardamos sus valoraciones y respuestas, cuánto y cuántas veces ha escuchado, y el tipo de
  dispositivo que usa (ordenador, tableta o teléfono). No preguntamos su nombre ni guardamos su
  dirección.
* Si llegó a través de una plataforma de captación, guardamos también el identificador que le dio.
* Preguntas: {contact}.
""",
)
_JA = Words(
    "この音声はどのくらい自然に聞こえますか。",
    "それぞれのバージョンはどのくらい自然に聞こえますか。",
    "リンクをお送りした担当者",
    """\
短い音声を聞いて、評価していただきます。

* 参加は任意です。ページを閉じれば、理由を述べることなくいつでもやめられます。
  また、各ページのメニューから、いただいた情報を取り消すことができます。
* 評価と回答、聞いた時間と回数、端末の種類（パソコン、タブレット、携帯電話）を保存します。
  お名前はうかがいません。アドレスも保存しません。
* 募集サイトを通じて参加された場合は、そのサイトのIDも保存します。
* お問い合わせ：{contact}
""",
)
WORDS: dict[Language, Words] = {"en": _EN, "de": _DE, "fr": _FR, "es": _ES, "ja": _JA}
