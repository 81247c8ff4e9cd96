"""The service as a process: it survives being killed around its commit, drains on SIGTERM and says what it lacks."""

import json
import signal
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest
from sqlalchemy import create_engine, text

from common import migrations
from smartfactory.stack.provision import DatabaseUrls
from tests.integration.web.notebook.main import SERVICE, WRITER
from tests.repo.tree import ROOT
from tests.support.servers import Servers, ServiceProcess
from tests.support.tokens import ISSUER, Issuer
from tests.support.waiting import eventually_now
