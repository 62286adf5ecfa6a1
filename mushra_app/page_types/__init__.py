"""Page types, by name."""

from typing import Any

from mushra_app.page_types.ab import Ab
from mushra_app.page_types.acr import Acr
from mushra_app.page_types.base import RatingType, UnratedType
from mushra_app.page_types.comments import Comments
from mushra_app.page_types.headphones import Headphones
from mushra_app.page_types.loudness import Loudness
from mushra_app.page_types.mushra import Mushra
from mushra_app.page_types.mushra_nmr import MushraNmr
from mushra_app.page_types.pause import Pause
from mushra_app.page_types.questions import Questions
from mushra_app.page_types.text import Text

RATING_TYPES: dict[str, RatingType] = {t.name: t for t in (Mushra(), MushraNmr(), Ab(), Acr())}
UNRATED_TYPES: dict[str, UnratedType[Any]] = {
    s.name: s for s in (Text(), Questions(), Headphones(), Loudness(), Pause(), Comments())
}
