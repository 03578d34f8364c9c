"""Real media files, made with the standard library alone: pictures, sounds, a moving picture. Always the same bytes."""

import math
import random
import struct
import wave
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

SAMPLE_RATE = 44_100
PALETTE_BITS = 5


def make_media(folder: Path) -> None:
    """Make a small set of media files in the folder, from some hundred bytes to a few megabytes."""
    (folder / "dot.png").write_bytes(png(8, 8, seed=1))
    (folder / "sunset.png").write_bytes(png(480, 320, seed=2))
    (folder / "dunes.png").write_bytes(png(1280, 800, seed=3))
    (folder / "ripples.gif").write_bytes(gif(120, 90, frames=12))
    write_tone(folder / "beep.wav", period=50, seconds=1)
    write_tone(folder / "hum.wav", period=420, seconds=12)


def write_silence(path: Path, size_bytes: int) -> None:
    """Write a valid WAV file of silence. Where the file system knows holes, it takes no room whatever its size."""
    data_bytes = size_bytes - 44
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", size_bytes - 8, b"WAVE"),
        *(b"fmt ", 16, 1, 1, SAMPLE_RATE, SAMPLE_RATE * 2, 2, 16),
        *(b"data", data_bytes),
    )
    with path.open("wb") as file:
        file.write(header)
        file.truncate(size_bytes)


def write_tone(path: Path, *, period: int, seconds: int) -> None:
    """Write one steady note in stereo, whose wave is that many samples long: a divisor of the rate, so that all fit."""
    wave_form: list[int] = []
    for position in range(period):
        level = round(12_000 * math.sin(math.tau * position / period))
        wave_form += (level, -level)
    samples = struct.pack(f"<{len(wave_form)}h", *wave_form)
    with wave.open(str(path), "wb") as sound:
        sound.setparams((2, 2, SAMPLE_RATE, 0, "NONE", "not compressed"))
        sound.writeframes(samples * (SAMPLE_RATE // period * seconds))


def png(width: int, height: int, *, seed: int) -> bytes:
    """Make a picture of a gradient with a grain, which keeps compression from making a large picture a small file."""
    grain = random.Random(seed)
    lines = bytearray()
    line = bytearray(b"\x60" * (3 * width))
    line[0::3] = bytes(255 * x // width for x in range(width))
    grain_mask = int.from_bytes(b"\x0f" * len(line))
    for y in range(height):
        line[1::3] = bytes([160 * y // height]) * width
        noise = int.from_bytes(grain.randbytes(len(line))) & grain_mask
        lines.append(0)  # this line is stored unfiltered
        lines += (int.from_bytes(line) ^ noise).to_bytes(len(line))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, body) for kind, body in chunks)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def gif(width: int, height: int, *, frames: int) -> bytes:
    """Make a moving picture of rings that spread without end, each frame a tenth of a second."""
    colours = 1 << PALETTE_BITS
    palette = bytes(level for colour in range(colours) for level in (255 * colour // colours, 96, 255 - 4 * colour))
    distances = [math.hypot(x - width / 2, y - height / 2) for y in range(height) for x in range(width)]
    parts = [
        struct.pack("<6sHHBBB", b"GIF89a", width, height, 0x80 | (PALETTE_BITS - 1), 0, 0),
        palette,
        b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00",  # again and again
    ]
    for frame in range(frames):
        shift = colours * frame / frames
        pixels = bytes(int(distance - shift) % colours for distance in distances)
        parts += [
            struct.pack("<BBBBHBB", 0x21, 0xF9, 4, 0, 10, 0, 0),
            struct.pack("<BHHHHB", 0x2C, 0, 0, width, height, 0),
            bytes([PALETTE_BITS]),
            *gif_blocks(pack_bits(lzw(pixels))),
        ]
    return b"".join([*parts, b"\x3b"])


def lzw(pixels: bytes) -> Iterator[tuple[int, int]]:
    """Give the codes for the pixels, each with its width in bits: the variable-length LZW of GIF."""
    clear = 1 << PALETTE_BITS
    end = clear + 1
    fresh = {bytes([colour]): colour for colour in range(clear)}
    known, width = dict(fresh), PALETTE_BITS + 1
    yield clear, width
    run = b""
    for pixel in pixels:
        longer = run + bytes([pixel])
        if longer in known:
            run = longer
            continue
        yield known[run], width
        code = len(known) + 2  # clear and end are codes too
        if code < 4096:
            known[longer] = code
            width = max(width, code.bit_length())
        else:
            yield clear, width
            known, width = dict(fresh), PALETTE_BITS + 1
        run = longer[-1:]
    yield known[run], width
    yield end, width


def pack_bits(codes: Iterable[tuple[int, int]]) -> bytes:
    packed, held, held_bits = bytearray(), 0, 0
    for code, width in codes:
        held |= code << held_bits
        held_bits += width
        while held_bits >= 8:
            packed.append(held & 0xFF)
            held >>= 8
            held_bits -= 8
    if held_bits:
        packed.append(held)
    return bytes(packed)


def gif_blocks(image: bytes) -> Iterator[bytes]:
    for start in range(0, len(image), 255):
        block = image[start : start + 255]
        yield bytes([len(block)]) + block
    yield b"\0"
