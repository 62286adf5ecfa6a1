"""The kinds of page, by name."""

from typing import Any

from mushra_app.types.ab import Ab
from mushra_app.types.acr import Acr
from mushra_app.types.base import RatingType, Screen
from mushra_app.types.comments import Comments
from mushra_app.types.headphones import Headphones
from mushra_app.types.loudness import Loudness
from mushra_app.types.mushra import Mushra
from mushra_app.types.mushra_nmr import MushraNmr
from mushra_app.types.pause import Pause
from mushra_app.types.questions import Questions
from mushra_app.types.text import Text

RATING_TYPES: dict[str, RatingType] = {t.name: t for t in (Mushra(), MushraNmr(), Ab(), Acr())}
SCREENS: dict[str, Screen[Any]] = {
    s.name: s for s in (Text(), Questions(), Headphones(), Loudness(), Pause(), Comments())
}
