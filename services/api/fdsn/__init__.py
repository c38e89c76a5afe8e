"""FDSN web services 1.2: dataselect, station, event (https://www.fdsn.org/webservices/fdsnws-specifications-1.2.pdf)."""
