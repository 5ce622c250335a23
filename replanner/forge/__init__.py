"""Adapters that read trees and carry out steps. They decide nothing about proposals."""
