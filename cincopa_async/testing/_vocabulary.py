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
    a abort aborted aborting aborts about above access account accounts action active actual add added additional
    address addtofid addtorid after again agent algorithm all allow allowed already also am amz an analytics and
    another answer answered answers any anymore apache api app application applied apply archive are argument
    arguments array as asset assets at attach attached attachment attempt attempts audio auth authentication
    authorization authorized autosync available away
    back backend bad balance bandwidth bar bars basic be because been before began begin being belong belongs below
    between beyond bit bitrate blocked body both bottom break breaks bring brings broke broken browser bucket buffer
    busy but by byte bytes bytesize bytesrecievedtotal bytessendtotal
    cache call caller callers calls came can canceled cancelled cannot cap capacity caption case cc cease center
    certificate change changed channel char character characters check checksum chunk chunks cincopa claim client
    close closed cloud cloudflare cloudfront code codec codecs columns come comes complete completed completion
    conflict connect connected connection connections contact content contents continue continues convert converted
    converting copied copy corrupt corrupted could count create created creating creation credential credentials
    credit credits crop css current currently custom
    dash data database date day days de deactivated dead debug declined decode decoder default delay delete deleted
    deleting denied denies deprecated description desktop destination detail details device did different direct
    disabled disallowed disk div dns do doc doctype document does doesn doesnot doesnt domain done dont down
    download downloaded downloading drop dropped duplicate duplicated duplicates duration during
    each early edge either else email empty en enabled encode encoded encoder encoding encounter encountered end
    ended ending english entity entry equal error errors es event events every exactly example exceed exceeded
    exceeds exception exist existing exists expected expects expiration expire expired expires expiry extension
    external
    failed failing fails failure false fatal fault feature features fetch fetched fetching few fewer fid fids field
    fields file filename files filesize fill find finish finished first flash folder folders follow following for
    forbidden form format found fps fr free from frozen full
    galleries gallery gateway gave general get give given gives go gone got granted greater group
    h1 h2 h3 had handle hang has hash have hd head header headers height here hidden hls hold holds hook hooks host
    hour hours hr href htm html http https hung
    id idle ids if iframe ignored illegal image images immediately in inactive include incomplete incorrect index
    info information inner inprogress input inputs insert instead insufficient integer interest internal into
    invalid ip is iso issue issued it item items its
    jpeg jpg json
    key keys kind know known knows
    label lang language large larger last late latency later leads least left length lengths less let lets letter
    letters level licence license like limit limited limits line link links list listed live loaded loading locale
    location locked log logged login logout long longer look looks loop lost lower
    m3u8 made mail main maintenance make makes malformed management many master match matched max maximum may md5
    meanwhile media message met meta metadata method min minimum minus minute minutes mismatch miss missing mobile
    mode modified moment month more mov moved mp3 mp4 mpd ms much must
    name names near need needed needs negative neither network never new next nginx no nobody none nor not note
    notes notfound nothing now null number
    object occur occurred occurs of off offline offset often ok old on once one only open operation option options
    or order origin other others our out outside over overload overloaded own owner
    p page pages paid param parameter parameters part parts party pass passed password path paths pause paused pay
    payment paywall pdf pending per percent permanently permission permissions permit permits permitted ping place
    plain plan plans play player please plus png policy pong portal portals position possible post posted poster pre
    premium preparing present previous problem process processed processing profile progress properties property
    protocol proxy public published put
    quality query queue queued quota
    range ranges rate rather ray reach reached reaches read reads ready reason received recieved record redirect
    redirects reference refused region reject rejected rejects related release released remote remove removed rename
    renamed reopened repeat repeated replace replaced request requested requests require required requires reset
    resid resize resolution resolve resource resources responded response rest restart restricted result results
    resumed resync retried retry return returned rid rids right root row rows rrid rule run running runtime
    s s3 said same save saved say says scheduled script se search second seconds secret section secure security see
    seek seem sees send sending sent server servers service session set sets sha1 sha256 shared short shorter should
    show sig sign signature signed since site size sizes skipped slack slow small smaller sms smtp so some something
    soon source sourceip sources space span specified spelled srt ssl stand stands start started starting starts
    state stats status statusid stays step still stop stopped stopping stops storage store stored stream streams
    string strong style sub subdomain subscription subtitle subtitles succeeded success successful successfully such
    supplied support supported suspended svg sync synced synchronized syncing syncstatus system
    t tag tags take taken target task tell tells temp template temporarily temporary text than that the their them
    theme then there these they thing third this those though throttled throttling thumb thumbnail thumbnails time
    timed timeout times timestamp title tls to today token tokens told tomorrow too top total track tracks traffic
    transcode transcoded transcoding transfer transferred trial tried tries trim true try trying turn twice two txt
    type types
    ubuntu uid unable unauthorized unavailable under unexpected unexpectedly unfinished unhandled unique unit
    unknown unlimited unlisted unpublished unreachable unrecognized unsigned unsupported until untrusted up update
    updated upgrade upload uploaded uploader uploading uploads uploadurl upper upstream uri url urls us usage use
    used user users uses using utc utf utf-8 utf8 uuid
    v1 v2 v3 valid validation value values variant version versions very video videos view void vtt
    wait waited waiting waits want warning warnings was watch watched watermark way we weak web webhook webhooks
    webm webp were what when where whether which while who whole whose why width will with within without word words
    work worker workers workspace would write written wrong www
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
    # By name: models are imported when they are asked for.
    kinds: list[Any] = [kind for name in models.__all__ if has(kind := getattr(models, name))]
    sent = [wire_names(attribute.name, attribute.metadata) for kind in kinds for attribute in fields(kind)]
    return frozenset(part for names in sent for name in names for part in name.split("."))


_FIELDS = _wire_fields().union(_OF_ANSWERS, PROSE, OWN, TAGS, DATES, NUMBERS)
