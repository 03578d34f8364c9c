"""The media files of the demo, read back by the book."""

import random
import struct
import wave
import zlib
from pathlib import Path

import pytest

from cincopa_async.cli import _media as media


def test_set_of_media_has_files_of_many_sizes(tmp_path: Path) -> None:
    """From a few hundred bytes to megabytes, of three kinds."""
    media.make_media(tmp_path)

    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert {Path(name).suffix for name in sizes} == {".png", ".gif", ".wav"}
    assert min(sizes.values()) < 1_000
    assert max(sizes.values()) > 2_000_000


def test_media_are_the_same_every_time() -> None:
    """Made twice, a file has the same bytes."""
    assert media.png(40, 30, seed=7) == media.png(40, 30, seed=7)
    assert media.gif(40, 30, frames=2) == media.gif(40, 30, frames=2)


def test_png_is_a_picture_of_its_size() -> None:
    """Every chunk has its checksum, and the image data is what its header says: RGB, a filter byte before each line."""
    chunks = read_png_chunks(media.png(40, 30, seed=7))

    assert [kind for kind, _ in chunks] == [b"IHDR", b"IDAT", b"IEND"]
    assert struct.unpack(">IIBBBBB", chunks[0][1]) == (40, 30, 8, 2, 0, 0, 0)
    lines = zlib.decompress(chunks[1][1])
    assert len(lines) == 30 * (1 + 40 * 3)
    assert set(lines[:: 1 + 40 * 3]) == {0}


def test_tone_is_as_long_as_asked(tmp_path: Path) -> None:
    """Stereo sound that moves, its two channels against each other."""
    media.write_tone(tmp_path / "tone.wav", period=100, seconds=2)

    with wave.open(str(tmp_path / "tone.wav")) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (2, 2, 44_100)
        assert sound.getnframes() == 2 * 44_100
        frames = struct.unpack("<200h", sound.readframes(100))
    assert max(frames) > 11_000
    assert [-level for level in frames[::2]] == list(frames[1::2])


def test_silence_is_sound_of_the_size_asked_for(tmp_path: Path) -> None:
    """A header that tells the truth about a file that is mostly a hole."""
    media.write_silence(tmp_path / "silence.wav", 1_000_044)

    assert (tmp_path / "silence.wav").stat().st_size == 1_000_044
    with wave.open(str(tmp_path / "silence.wav")) as sound:
        assert sound.getnframes() == 500_000
        assert not any(sound.readframes(500_000))


def test_gif_moves() -> None:
    """Each frame decodes to as many pixels as the picture has, and no two frames are alike."""
    size, frames = read_gif(media.gif(40, 30, frames=4))

    assert size == (40, 30)
    assert [len(frame) for frame in frames] == [40 * 30] * 4
    assert len(set(frames)) == 4


@pytest.mark.parametrize("pixels", [1, 2, 5_000, 40_000])
def test_lzw_survives_what_cannot_be_compressed(pixels: int) -> None:
    """With 40,000 pixels of noise the table of codes fills up and is begun anew."""
    noise = bytes(random.Random(pixels).choices(range(32), k=pixels))

    assert unpack_lzw(media.pack_bits(media.lzw(noise)), media.PALETTE_BITS) == noise


def read_png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, position = [], 8
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        body = data[position + 8 : position + 8 + length]
        assert struct.unpack_from(">I", data, position + 8 + length) == (zlib.crc32(kind + body),)
        chunks.append((kind, body))
        position += 12 + length
    return chunks


def read_gif(data: bytes) -> tuple[tuple[int, int], list[bytes]]:
    """The size and the frames of a GIF whose frames all have that size and share one palette."""
    magic, width, height, flags, _, _ = struct.unpack_from("<6sHHBBB", data)
    assert magic == b"GIF89a"
    position = 13 + 3 * (2 << (flags & 7))
    bits, frames = 0, []
    while (mark := data[position]) != 0x3B:
        position += 2 if mark == 0x21 else 10
        if mark == 0x2C:
            bits, position = data[position], position + 1
        blocks = b""
        while length := data[position]:
            blocks += data[position + 1 : position + 1 + length]
            position += 1 + length
        position += 1
        if mark == 0x2C:
            frames.append(unpack_lzw(blocks, bits))
    assert position == len(data) - 1
    return (width, height), frames


def unpack_lzw(packed: bytes, bits: int) -> bytes:
    """Decode as GIF's specification tells it, which is not how the encoder was written."""
    clear, end = 1 << bits, (1 << bits) + 1
    stream, position = int.from_bytes(packed, "little"), 0
    table: list[bytes] = []
    width, last = bits + 1, b""
    pixels: list[bytes] = []
    while True:
        code = stream >> position & ((1 << width) - 1)
        position += width
        if code == end:
            return b"".join(pixels)
        if code == clear:
            table, width, last = [bytes([colour]) for colour in range(clear)] + [b"", b""], bits + 1, b""
            continue
        run = table[code] if code < len(table) else last + last[:1]
        if last and len(table) < 4096:
            table.append(last + run[:1])
        pixels.append(run)
        last = run
        if len(table) == 1 << width and width < 12:
            width += 1
