"""What a recording may keep as it is: the words that services speak in, and the names of their fields."""

from __future__ import annotations

import re
from typing import Any

from attrs import fields, has

from cincopa_async import models
from cincopa_async.models._wire import wire_names

# Words of failures, of states, of parameters and names of calls. A word that is not here is taken for the user's.
WORDS = frozenset(
    # As a list it would be a thousand lines.
    """
    a about above access account accounts action active actual add added additional address addtofid addtorid after
    again agent algorithm all allow allowed already also am amz an analytics and another answer answered answers any
    anymore apache api app application applied apply archive are argument arguments array as asset assets at attach
    attached attachment attempt attempts audio auth authentication authorization authorized autosync available away
    back backend bad balance be because been before began begin being below between beyond bit bitrate blocked body
    both bottom broke broken browser bucket buffer busy but by byte bytes bytesize bytesrecievedtotal bytessendtotal
    cache call calls came can canceled cancelled cannot cap caption cc cease center certificate change changed
    channel char character characters check checksum chunk chunks cincopa claim client close closed cloud cloudflare
    cloudfront code codec codecs columns come complete completed completion conflict connect connected connection
    connections content contents continue convert converted converting copied copy corrupt corrupted could count
    create created creating creation credential credentials crop css current currently custom
    dash data database date day days de deactivated debug decode default delete deleted deleting denied deprecated
    description desktop destination detail details device did different direct disabled disallowed disk div dns doc
    document does doesn doesnot doesnt domain done dont down download downloaded downloading drop dropped duplicate
    duration during
    each early edge either else email empty en enabled encode encoded encoding end ended ending english entity entry
    equal error errors es event events every example exceed exceeded exceeds exception exist existing exists
    expected expiration expire expired expires expiry extension external
    failed failing fails failure false fatal fault feature fetch fetched fetching few fid fids field fields file
    filename files filesize fill find finish finished first flash folder folders follow following for forbidden form
    format found fps fr free from full
    galleries gallery gateway general get given go gone got granted greater group
    h1 h2 h3 had handle has hash have hd head header headers height here hidden hls hook hooks host hour hours hr
    href htm html http https
    id idle ids if iframe ignored image images immediately in inactive include incomplete incorrect index info
    information inner inprogress input inputs insert instead insufficient integer interest internal into invalid ip
    is iso issue it item items its
    jpeg jpg json
    key keys kind known
    lang language large larger last late latency later leads least left length less level licence license like limit
    limited limits line link links list listed live loaded loading locale location locked log logged login logout
    long longer lost
    m3u8 mail main maintenance make malformed management many master match matched max maximum may md5 media message
    meta metadata method min minimum minus minute minutes mismatch missing mobile mode modified moment month more
    mov moved mp3 mp4 mpd ms much must
    name names near need needed needs negative network never new next nginx no nobody none nor not note notes
    notfound nothing now null number
    object of off offline often ok old on once one only open operation option options or order origin other others
    our out outside over own owner
    p page pages param parameter parameters part parts party password path pause paused pdf pending per percent
    permanently permission permissions permitted ping place plain plan play player please plus png policy pong
    portal portals position possible post posted poster pre preparing present previous problem process processed
    processing profile progress properties property protocol proxy public published put
    quality query queue queued quota
    range rate ray reached read ready reason received recieved record redirect reference refused region rejected
    related release released remote remove removed rename renamed repeated replace replaced request requested
    requests require required reset resid resize resolution resolve resource resources responded response rest
    restart restricted result results resumed resync retried retry return returned rid rids right root row rows rrid
    run running runtime
    s s3 same save saved scheduled script se search second seconds secret section secure security see seek send
    sending sent server servers service session set sha1 sha256 shared short should show sig sign signature signed
    since site size sizes skipped slack slow small sms smtp so some something soon source sourceip sources space
    span specified srt ssl start started starting state stats status statusid still stop stopped stopping storage
    store stored stream streams string strong style sub subtitle subtitles succeeded success successful successfully
    such supplied support supported suspended svg sync synced synchronized syncing syncstatus system
    t tag tags take taken target task template temporarily temporary text than that the their them then there these
    they thing third this those though throttled throttling thumb thumbnail thumbnails time timed timeout times
    timestamp title tls to today token tokens too top total track tracks transcode transcoded transcoding transfer
    transferred trial tried trim true try two txt type types
    ubuntu uid unable unauthorized unavailable under unexpected unfinished unique unknown unlimited unpublished
    unreachable unrecognized unsupported until up update updated upgrade upload uploaded uploader uploading uploads
    uploadurl upstream uri url urls us usage use used user users using utc utf-8 utf8 uuid
    v1 v2 v3 valid validation value values version versions very video videos view vtt
    wait waited waiting want was watch watermark way we web webhook webhooks webm webp were what when where whether
    which while who whole why width will with within without word words work worker workers workspace would write
    written wrong www
    x xml xmlns
    year yes yet you your
    zip zone
    """.split()  # noqa: SIM905
)

STATES = frozenset({"status", "syncstatus", "state", "type", "ping", "success", "storage"})
"""Fields whose value is a word of the service's."""
PROSE = STATES | {"message", "error", "errors", "more", "debug", "reason", "permissions", "events", "event"}
"""Fields whose text is the service's: words that are known stay."""
OWN = frozenset(
    {
        "caption",
        "description",
        "filename",
        "long_description",
        "name",
        "reference_id",
        "related_link_text",
        "search",
        "subdomain",
        "text",
        "title",
        "uploaded_by",
        "workspace",
    }
)
"""Fields whose text is the user's, even where its words are known."""
TAGS = frozenset({"tag", "tags", "tag_cloud", "music_tags", "exif_tags"})
"""Fields whose words are the user's, be they in a list or keys of a map."""
DATES = frozenset({"created", "date", "ended", "expires", "modified", "started", "updated", "uploaded"})
NUMBERS = frozenset(
    {
        "count",
        "duration",
        "file_size_bytes",
        "filesize",
        "height",
        "items_count",
        "items_per_page",
        "page",
        "pages_count",
        "progress",
        "progress_bytes",
        "runtime",
        "size",
        "total",
        "ttl",
        "width",
    }
)
"""Fields whose numbers stay, however large."""

_OF_ANSWERS = ("success", "runtime", "items_data", "resid", "drid")
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_SEPARATORS = re.compile(r"[\s_-]")


def is_field(name: str) -> bool:
    """Say whether a name is one of the API's, or made of words that services speak in."""
    return name in _FIELDS or made_of_words(name)


def made_of_words(text: str) -> bool:
    """Say whether a word, such as ``progress_bytes``, ``X-Amz-Date`` or ``fileSize``, is made of known ones."""
    if text.lower() in WORDS:
        return True
    if not text.isascii() or len(text) > 60:
        return False
    parts: list[str] = _PARTS.findall(text)
    # A digit may be anybody's.
    return bool(parts) and text.replace("_", "").replace("-", "").isalpha() and all(p.lower() in WORDS for p in parts)


def is_word_of_state(text: str) -> bool:
    """Say whether a value is a known word, however it is spaced: ``In-Progress``."""
    return _SEPARATORS.sub("", text.lower()) in WORDS


def is_id(name: str) -> bool:
    """Say whether a field holds an id, or several."""
    name = name.lower().removesuffix("_num")
    return name.endswith(("id", "ids"))


def _wire_fields() -> frozenset[str]:
    kinds: list[Any] = [kind for kind in vars(models).values() if isinstance(kind, type) and has(kind)]
    sent = [wire_names(attribute.name, attribute.metadata) for kind in kinds for attribute in fields(kind)]
    return frozenset(part for names in sent for name in names for part in name.split("."))


_FIELDS = _wire_fields().union(_OF_ANSWERS, PROSE, OWN, TAGS, DATES, NUMBERS)
